// Compilation of kernel texts at run time (hiprtc): the text, with an entry for each kernel, is
// given to g++, and the "device code" is the shared object that comes out.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <regex>
#include <sstream>
#include <vector>

#include "cpuhip.h"

using std::regex;
using std::string;
using std::vector;

struct Program {
  string text, name, log, code;
  vector<string> expressions, lowered_names;
};

// ---- the text -----------------------------------------------------------------------------------

static string without_comments(const string &text) {
  string result;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, 2, "//") == 0) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.compare(i, 2, "/*") == 0) {
      size_t end = text.find("*/", i + 2);
      i = end == string::npos ? text.size() : end + 2;
      result += ' ';
    } else {
      result += text[i++];
    }
  }
  return result;
}

// The size of `extern __shared__ T name[]` is only known at a launch: it becomes a pointer.
static string with_dynamic_shared_memory(const string &text) {
  static const regex declaration(
      R"(extern\s+__shared__\s+([A-Za-z_][A-Za-z0-9_:<> ]*?)\s*(__align__\s*\([^)]*\)\s*)?)"
      R"(([A-Za-z_][A-Za-z0-9_]*)\s*\[\s*\]\s*;)");
  return std::regex_replace(text, declaration, "$1 *$3 = ($1 *)cpuhip_state.dynamic_shared;");
}

// The kernels that are declared extern "C", alone or in a block. Others are asked for by a name
// expression, since nobody could know their names.
static vector<string> kernel_names(const string &text) {
  static const string global = "__global__";
  static const regex c_block("extern\\s*\"C\"\\s*\\{"), c_alone("extern\\s*\"C\"");
  static const regex bounds("__launch_bounds__\\s*\\([^)]*\\)");
  static const regex name_of("([A-Za-z_][A-Za-z0-9_]*)\\s*\\(");
  const bool in_c_block = std::regex_search(text, c_block);
  vector<string> names;
  for (size_t at = 0; (at = text.find(global, at)) != string::npos; at += global.size()) {
    size_t before = text.find_last_of(";}", at), body = text.find('{', at);
    string specifiers = text.substr(before + 1, at - before - 1);  // npos + 1 is 0
    string head = text.substr(at + global.size(), body - at - global.size());
    head = std::regex_replace(head, bounds, "");
    std::smatch name;
    bool is_c = in_c_block || std::regex_search(specifiers, c_alone);
    if (is_c && std::regex_search(head, name, name_of)) names.push_back(name[1]);
  }
  return names;
}

static string translation(Program &program) {
  std::ostringstream out;
  out << "#include \"cpuhip_device.h\"\n#line 1 \"" << program.name << "\"\n"
      << with_dynamic_shared_memory(program.text) << "\n#line 1 \"entries\"\n";
  for (const string &name : kernel_names(without_comments(program.text)))
    out << "CPUHIP_ENTRY(" << entry_prefix << name << ", " << name << ")\n";
  program.lowered_names.clear();
  for (const string &expression : program.expressions) {
    string name = "expression" + std::to_string(program.lowered_names.size());
    program.lowered_names.push_back(name);
    out << "CPUHIP_ENTRY(" << entry_prefix << name << ", " << expression << ")\n";
  }
  return out.str();
}

// ---- the compiler -------------------------------------------------------------------------------

static string variable(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && *value ? value : otherwise;
}
static string compiler() { return variable("CPUHIP_CXX", "g++"); }
static string extra_flags() { return variable("CPUHIP_CXXFLAGS", ""); }

// The headers of the device lie beside this library, where build.py has put them.
static string headers() {
  Dl_info library;
  dladdr(reinterpret_cast<void *>(&headers), &library);
  string path = library.dli_fname;
  return path.substr(0, path.rfind('/')) + "/../include";
}

// CPUHIP_KERNEL_FLAGS comes from build.py, which has compiled the headers with the same flags.
static vector<string> command_line(const vector<string> &options, const string &out,
                                   const string &in) {
  vector<string> words = {compiler(), "-shared", "-I" + headers()};
  std::istringstream flags(CPUHIP_KERNEL_FLAGS " " + extra_flags());
  for (string flag; flags >> flag;) words.push_back(flag);
  for (const string &option : options) {
    size_t named = option.find("-std=c++");
    if (option.rfind("-I", 0) == 0 || option.rfind("-D", 0) == 0) words.push_back(option);
    if (named != string::npos)
      words.push_back("-std=gnu++" + option.substr(named + strlen("-std=c++")));
  }
  words.insert(words.end(), {"-o", out, in});
  return words;
}

// Run a program with both its outputs in a file; true when it succeeds.
static bool run(const vector<string> &words, const string &log) {
  vector<char *> argv;
  for (const string &word : words) argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t outputs;
  posix_spawn_file_actions_init(&outputs);
  posix_spawn_file_actions_addopen(&outputs, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_adddup2(&outputs, STDOUT_FILENO, STDERR_FILENO);
  pid_t child;
  int error = posix_spawnp(&child, argv[0], &outputs, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&outputs);
  if (error) write_file(log, words[0] + ": " + strerror(error));
  int status = 0;
  return !error && waitpid(child, &status, 0) == child && status == 0;
}

static bool compile(Program &program, const vector<string> &options) {
  TemporaryFolder folder;
  string source = folder.file("kernel.cpp"), object = folder.file("kernel.so");
  string log = folder.file("log");
  write_file(source, translation(program));
  bool is_good = run(command_line(options, object, source), log);
  program.log = read_file(log);
  if (!is_good) return false;
  string bytes = read_file(object);
  uint64_t size = bytes.size();
  program.code = module_mark + string(reinterpret_cast<char *>(&size), sizeof size) + bytes;
  return true;
}

// ---- hiprtc -------------------------------------------------------------------------------------

enum : int { RtcSuccess = 0, RtcInternalError = 11, RtcCompilationError = 6, RtcUnknownName = 10 };

// CuPy compiles this kernel to learn the compiler's version, which goes into the keys under which
// it stores compiled kernels: a changed stand-in, compiler or flag finds no old kernels.
static const char version_question[] = "_cupy_preprocess_dummy_kernel_";
static string version_answer() {
  return string("cpuhip ") + CPUHIP_FINGERPRINT + " " + compiler() + " " + extra_flags();
}

EXPORT int hiprtcCompileProgram(Program *program, int number, const char **options) {
  if (program->text.find(version_question) != string::npos) {
    program->code = version_answer();
    return RtcSuccess;
  }
  count("compile");
  try {
    bool is_good = compile(*program, vector<string>(options, options + number));
    return is_good ? RtcSuccess : RtcCompilationError;
  } catch (const std::exception &error) {
    program->log = string("cpuhip: ") + error.what();
    return RtcInternalError;
  }
}

EXPORT int hiprtcVersion(int *major, int *minor) {
  *major = 7;
  *minor = 1;
  return RtcSuccess;
}

EXPORT const char *hiprtcGetErrorString(int status) {
  switch (status) {
    case RtcSuccess: return "HIPRTC_SUCCESS";
    case RtcCompilationError: return "HIPRTC_ERROR_COMPILATION";
    default: return "HIPRTC_ERROR";
  }
}

EXPORT int hiprtcCreateProgram(Program **out, const char *text, const char *name, int,
                               const char **, const char **) {
  *out = new Program;
  (*out)->text = text;
  (*out)->name = name ? name : "kernel.cu";
  return RtcSuccess;
}
EXPORT int hiprtcDestroyProgram(Program **program) {
  delete *program;
  *program = nullptr;
  return RtcSuccess;
}

EXPORT int hiprtcAddNameExpression(Program *program, const char *expression) {
  program->expressions.push_back(expression);
  return RtcSuccess;
}
EXPORT int hiprtcGetLoweredName(Program *program, const char *expression, const char **out) {
  for (size_t i = 0; i < program->lowered_names.size(); ++i) {
    if (program->expressions[i] != expression) continue;
    *out = program->lowered_names[i].c_str();
    return RtcSuccess;
  }
  return RtcUnknownName;
}

EXPORT int hiprtcGetProgramLogSize(Program *program, size_t *out) {
  *out = program->log.size() + 1;
  return RtcSuccess;
}
EXPORT int hiprtcGetProgramLog(Program *program, char *out) {
  strcpy(out, program->log.c_str());
  return RtcSuccess;
}
EXPORT int hiprtcGetCodeSize(Program *program, size_t *out) {
  *out = program->code.size();
  return RtcSuccess;
}
EXPORT int hiprtcGetCode(Program *program, char *out) {
  memcpy(out, program->code.data(), program->code.size());
  return RtcSuccess;
}
