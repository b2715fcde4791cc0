// One device, its streams and its events. Everything runs at once when it is asked for, so that
// there is nothing to wait for; waits are counted.
#include <chrono>
#include <cstdio>
#include <cstring>

#include "cpuhip.h"

// ---- the device ---------------------------------------------------------------------------------

static const int version = 70051831;  // HIP 7.0
static const int threads_per_block = 1024;
static const int warp_size = 32;
static const int capability_major = 9, capability_minor = 0;
static const int shared_memory = 49152;

static Status give(int *out, int value) {
  *out = value;
  return Success;
}

EXPORT Status hipGetDeviceCount(int *out) { return give(out, 1); }
EXPORT Status hipGetDevice(int *out) { return give(out, 0); }
EXPORT Status hipSetDevice(int device) { return device == 0 ? Success : failed(InvalidDevice); }
EXPORT Status hipDriverGetVersion(int *out) { return give(out, version); }
EXPORT Status hipRuntimeGetVersion(int *out) { return give(out, version); }
EXPORT Status hipDeviceCanAccessPeer(int *out, int, int) { return give(out, 0); }
EXPORT int hipGetStreamDeviceId(void *) { return 0; }

EXPORT Status hipDeviceGetLimit(size_t *out, int) {
  *out = 1024;
  return Success;
}

EXPORT Status hipDeviceGetPCIBusId(char *out, int room, int) {
  snprintf(out, static_cast<size_t>(room), "0000:00:00.0");
  return Success;
}

EXPORT Status hipDeviceGetAttribute(int *out, int attribute, int) {
  if (switched_on("CPUHIP_TRACE")) fprintf(stderr, "cpuhip: attribute %d\n", attribute);
  switch (attribute) {  // numbers of hipDeviceAttribute_t
    case 23: return give(out, capability_major);
    case 61: return give(out, capability_minor);
    case 87: return give(out, warp_size);
    case 56: return give(out, threads_per_block);
    case 63: return give(out, 4);  // multiprocessors
    default: return give(out, 0);
  }
}

struct Properties {  // the beginning of hipDeviceProp_tR0600
  char name[256], uuid[16], luid[8];
  unsigned node_mask;
  size_t total_memory, shared_memory;
  int registers, warp_size;
  size_t pitch;
  int threads_per_block, block_size[3], grid_size[3], clock_rate;
  size_t constant_memory;
  int major, minor;
};

EXPORT Status hipGetDevicePropertiesR0600(void *out, int) {
  const size_t size_of_the_whole = 1472;
  Properties properties = {};
  strcpy(properties.name, "cpuhip (kernels run on the CPU)");
  properties.total_memory = total_memory;
  properties.shared_memory = shared_memory;
  properties.registers = 65536;
  properties.warp_size = warp_size;
  properties.threads_per_block = threads_per_block;
  const int block_size[] = {1024, 1024, 64}, grid_size[] = {2147483647, 65535, 65535};
  memcpy(properties.block_size, block_size, sizeof block_size);
  memcpy(properties.grid_size, grid_size, sizeof grid_size);
  properties.clock_rate = 1000000;
  properties.constant_memory = 65536;
  properties.major = capability_major;
  properties.minor = capability_minor;
  memset(out, 0, size_of_the_whole);
  memcpy(out, &properties, sizeof properties);
  return Success;
}

// A wait also tells what a launch before it could not.
static Status wait(const char *counter) {
  count(counter);
  Status error = take_pending_error();
  return error ? failed(error) : Success;
}

EXPORT Status hipDeviceSynchronize() { return wait("wait_device"); }

// ---- streams ------------------------------------------------------------------------------------

struct Stream {
  unsigned flags;
  int priority;
};

EXPORT Status hipStreamCreateWithPriority(Stream **out, unsigned flags, int priority) {
  *out = new Stream{flags, priority};
  return Success;
}
EXPORT Status hipStreamCreateWithFlags(Stream **out, unsigned flags) {
  return hipStreamCreateWithPriority(out, flags, 0);
}
EXPORT Status hipStreamCreate(Stream **out) { return hipStreamCreateWithFlags(out, 0); }
EXPORT Status hipStreamDestroy(Stream *stream) {
  delete stream;
  return Success;
}
EXPORT Status hipStreamSynchronize(Stream *) { return wait("wait_stream"); }
EXPORT Status hipStreamQuery(Stream *) { return Success; }
EXPORT Status hipStreamWaitEvent(Stream *, void *, unsigned) { return Success; }
EXPORT Status hipStreamIsCapturing(Stream *, int *out) { return give(out, 0); }

// The default stream is a null pointer.
EXPORT Status hipStreamGetFlags(Stream *stream, unsigned *out) {
  *out = stream ? stream->flags : 0;
  return Success;
}
EXPORT Status hipStreamGetPriority(Stream *stream, int *out) {
  return give(out, stream ? stream->priority : 0);
}

EXPORT Status hipStreamAddCallback(Stream *stream, void (*callback)(Stream *, Status, void *),
                                   void *data, unsigned) {
  callback(stream, Success, data);
  return Success;
}
EXPORT Status hipLaunchHostFunc(Stream *, void (*function)(void *), void *data) {
  function(data);
  return Success;
}

// ---- events -------------------------------------------------------------------------------------

using Clock = std::chrono::steady_clock;
struct Event {
  Clock::time_point time;
};

EXPORT Status hipEventCreateWithFlags(Event **out, unsigned) {
  *out = new Event{};
  return Success;
}
EXPORT Status hipEventCreate(Event **out) { return hipEventCreateWithFlags(out, 0); }
EXPORT Status hipEventDestroy(Event *event) {
  delete event;
  return Success;
}
EXPORT Status hipEventRecord(Event *event, void *) {
  event->time = Clock::now();
  return Success;
}
EXPORT Status hipEventQuery(Event *) { return Success; }
EXPORT Status hipEventSynchronize(Event *) { return wait("wait_event"); }

EXPORT Status hipEventElapsedTime(float *milliseconds, Event *begin, Event *end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return Success;
}
