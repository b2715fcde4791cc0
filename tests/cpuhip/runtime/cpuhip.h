// What the files of the runtime share. The runtime answers the calls that CuPy makes to AMD's
// libraries: "device" memory is host memory, and kernels are compiled by g++ and run here.
#pragma once
#include <cstddef>
#include <mutex>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

using Status = int;  // hipError_t
enum : Status {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  InvalidDevice = 101,
  InvalidImage = 200,
  NotFound = 500,
  LaunchFailure = 719,
  NotSupported = 801,
};

// ---- report.cpp ---------------------------------------------------------------------------------

// Is this environment variable set, and not to 0? It is asked at every use, so that a test may
// change it between two launches.
bool switched_on(const char *variable);

// Add one to a counter.
void count(const std::string &name);

// Remember an error for hipGetLastError, and return it.
Status failed(Status status, const char *function = __builtin_FUNCTION());

// An error of a launch is told by a later call, as a device does: remember it, or take it.
void set_pending_error(Status status);
Status take_pending_error();

// The answer of the functions that build.py writes for all that CuPy asks for and is not here.
int refuse(const char *function, int status);

// One lock for everything: kernels, memory and counters of one process take turns.
std::recursive_mutex &everything();

// ---- memory.cpp ---------------------------------------------------------------------------------

constexpr size_t total_memory = size_t(8) << 30;

// Fresh memory is NaN in every floating type, so that a read of it shows.
constexpr int fresh_byte = 0xFF;

// A guard band is a run of one byte, which writes just outside a piece of memory change.
void paint_guard(unsigned char *band, size_t size);
bool is_guard_intact(const unsigned char *band, size_t size);

// ---- blas.cpp -----------------------------------------------------------------------------------

// A function of the OpenBLAS that CPUHIP_BLAS names, or null.
void *openblas(const char *function);

// ---- temporary.cpp ------------------------------------------------------------------------------

// A folder of its own for every use, removed with what is in it; CPUHIP_KEEP=1 keeps it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  std::string file(const std::string &name) const { return path + "/" + name; }

 private:
  std::string path;
};

std::string read_file(const std::string &path);
void write_file(const std::string &path, const std::string &bytes);  // throws when it cannot

// ---- compile.cpp and launch.cpp -----------------------------------------------------------------

// A compiled module: this mark, the number of its bytes, and its bytes.
constexpr char module_mark[] = "CPUHIP01";
constexpr size_t module_mark_size = sizeof module_mark - 1;

// The entry of a kernel has the kernel's name after this.
constexpr char entry_prefix[] = "cpuhip_entry_";
