// Files that live for one compilation or one load.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "cpuhip.h"

TemporaryFolder::TemporaryFolder() {
  const char *parent = getenv("TMPDIR");
  path = std::string(parent && *parent ? parent : P_tmpdir) + "/cpuhip-XXXXXX";
  if (!mkdtemp(path.data())) throw std::runtime_error("no temporary folder " + path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a destructor may not throw
  if (switched_on("CPUHIP_KEEP")) {
    fprintf(stderr, "cpuhip: kept %s\n", path.c_str());
  } else {
    std::filesystem::remove_all(path, ignored);
  }
}

std::string read_file(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void write_file(const std::string &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}
