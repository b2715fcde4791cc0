// Switches, counters, errors, and the refusal of what the stand-in does not have.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "cpuhip.h"

static std::map<std::string, long> counters;
static thread_local Status last_error = Success;
static Status pending_error = Success;

std::recursive_mutex &everything() {
  static std::recursive_mutex mutex;
  return mutex;
}

bool switched_on(const char *variable) {
  const char *value = getenv(variable);
  return value && *value && strcmp(value, "0") != 0;
}

void count(const std::string &name) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  ++counters[name];
}

// All counters as lines "number name". Returns the room that the text needs; a buffer that is too
// small is left alone.
EXPORT size_t cpuhip_counters(char *buffer, size_t room) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  std::string lines;
  for (const auto &[name, number] : counters) lines += std::to_string(number) + " " + name + "\n";
  if (room > lines.size()) memcpy(buffer, lines.c_str(), lines.size() + 1);
  return lines.size() + 1;
}

// ---- errors -------------------------------------------------------------------------------------

Status failed(Status status, const char *function) {
  last_error = status;
  if (switched_on("CPUHIP_TRACE")) fprintf(stderr, "cpuhip: %s: error %d\n", function, status);
  return status;
}

void set_pending_error(Status status) { pending_error = status; }

Status take_pending_error() {
  Status status = pending_error;
  pending_error = Success;
  return status;
}

// The pending error stays: CUB asks here after a launch and ignores the answer.
EXPORT Status hipGetLastError() {
  Status status = last_error;
  last_error = Success;
  return status;
}

EXPORT Status hipPeekAtLastError() { return last_error; }

EXPORT const char *hipGetErrorName(Status status) {
  switch (status) {
    case Success: return "hipSuccess";
    case InvalidValue: return "hipErrorInvalidValue";
    case OutOfMemory: return "hipErrorOutOfMemory";
    case InvalidDevice: return "hipErrorInvalidDevice";
    case InvalidImage: return "hipErrorInvalidImage";
    case NotFound: return "hipErrorNotFound";
    case LaunchFailure: return "hipErrorLaunchFailure";
    case NotSupported: return "hipErrorNotSupported";
    default: return "hipErrorUnknown";
  }
}

EXPORT const char *hipGetErrorString(Status status) {
  return status == NotSupported ? "not implemented by cpuhip" : hipGetErrorName(status);
}

// ---- what is not there --------------------------------------------------------------------------

int refuse(const char *function, int status) {
  if (switched_on("CPUHIP_TRACE")) fprintf(stderr, "cpuhip: %s is not there\n", function);
  return status;
}

// Kernels that were compiled for AMD's devices when CuPy was built: they register themselves at
// import, and cannot run.
EXPORT void **__hipRegisterFatBinary(const void *) {
  static void *handle;
  return &handle;
}
EXPORT void __hipUnregisterFatBinary(void **) {}
EXPORT void __hipRegisterFunction(void **, const void *, char *, const char *, unsigned, void *,
                                  void *, void *, void *, int *) {}
EXPORT int __hipPushCallConfiguration(...) { return Success; }
EXPORT int __hipPopCallConfiguration(...) { return Success; }

EXPORT Status hipLaunchKernel(const void *, ...) {
  fprintf(stderr,
          "cpuhip: a kernel that was compiled with CuPy itself (sort, CUB, random.Generator) "
          "cannot run here\n");
  set_pending_error(NotSupported);
  return failed(NotSupported);
}
