// Memory of the "device": host memory between guard bands, and the copies from and to it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "cpuhip.h"

// Wide enough that a kernel that goes a row too far damages a band and not the process.
static const size_t band = 4096;
static const size_t alignment = 512;

static std::map<unsigned char *, size_t> allocations;  // where each begins, and its size
static size_t bytes_in_use = 0;
static long damaged = 0;

// ---- guard bands --------------------------------------------------------------------------------

static const unsigned char guard_byte = 0xCB;

void paint_guard(unsigned char *band, size_t size) { memset(band, guard_byte, size); }

bool is_guard_intact(const unsigned char *band, size_t size) {
  return band[0] == guard_byte && memcmp(band, band + 1, size - 1) == 0;
}

static void paint_both(unsigned char *begin, size_t size) {
  paint_guard(begin - band, band);
  paint_guard(begin + size, band);
}

static void note_damage(unsigned char *begin, size_t size) {
  if (is_guard_intact(begin - band, band) && is_guard_intact(begin + size, band)) return;
  ++damaged;
  fprintf(stderr, "cpuhip: something was written just outside an allocation of %zu bytes\n", size);
  paint_both(begin, size);
}

// How many allocations had a damaged band since the last call; the bands are painted again.
EXPORT long cpuhip_damaged_guards() {
  std::lock_guard<std::recursive_mutex> locked(everything());
  for (const auto &[begin, size] : allocations) note_damage(begin, size);
  long number = damaged;
  damaged = 0;
  return number;
}

// ---- allocation ---------------------------------------------------------------------------------

EXPORT Status hipMalloc(void **out, size_t size) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  count("allocate");
  *out = nullptr;
  if (!size) return Success;
  void *raw = nullptr;
  if (bytes_in_use + size > total_memory || posix_memalign(&raw, alignment, size + 2 * band))
    return failed(OutOfMemory);
  unsigned char *begin = static_cast<unsigned char *>(raw) + band;
  paint_both(begin, size);
  memset(begin, fresh_byte, size);
  allocations[begin] = size;
  bytes_in_use += size;
  *out = begin;
  return Success;
}

EXPORT Status hipFree(void *pointer) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  if (!pointer) return Success;
  auto found = allocations.find(static_cast<unsigned char *>(pointer));
  if (found == allocations.end()) return failed(InvalidValue);
  auto [begin, size] = *found;
  note_damage(begin, size);
  memset(begin, fresh_byte, size);  // a later read shows
  free(begin - band);
  bytes_in_use -= size;
  allocations.erase(found);
  return Success;
}

EXPORT Status hipMallocManaged(void **out, size_t size, unsigned) { return hipMalloc(out, size); }

EXPORT Status hipHostMalloc(void **out, size_t size, unsigned) {
  *out = malloc(size ? size : 1);
  return *out ? Success : failed(OutOfMemory);
}

EXPORT Status hipHostFree(void *pointer) {
  free(pointer);
  return Success;
}

EXPORT Status hipMemGetInfo(size_t *available, size_t *total) {
  *total = total_memory;
  *available = total_memory - bytes_in_use;
  return Success;
}

EXPORT Status hipMemAdvise(const void *, size_t, int, int) { return Success; }
EXPORT Status hipMemPrefetchAsync(const void *, size_t, int, void *) { return Success; }

// ---- whose memory -------------------------------------------------------------------------------

static bool on_device(const void *pointer, size_t *room = nullptr) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  auto *place = static_cast<unsigned char *>(const_cast<void *>(pointer));
  auto after = allocations.upper_bound(place);
  if (after == allocations.begin()) return false;
  auto [begin, size] = *--after;
  if (place >= begin + size) return false;
  if (room) *room = static_cast<size_t>(begin + size - place);
  return true;
}

struct PointerAttributes {  // hipPointerAttribute_t
  int type, device;
  void *device_pointer, *host_pointer;
  int is_managed;
  unsigned flags;
};

EXPORT Status hipPointerGetAttributes(PointerAttributes *out, const void *pointer) {
  *out = {};
  bool is_ours = on_device(pointer);
  out->type = is_ours ? 2 : -1;  // the device's, or plain memory of the host
  if (is_ours) out->device_pointer = const_cast<void *>(pointer);
  return Success;
}

// ---- copies -------------------------------------------------------------------------------------

enum Kind { HostToHost, HostToDevice, DeviceToHost, DeviceToDevice, ByPointers };
static const char *const counter_of[] = {"copy_on_host", "upload", "download", "copy_on_device"};

static Status copy(void *to, const void *from, size_t size, int kind, bool waits) {
  if (Status error = take_pending_error()) return failed(error);
  if (kind < HostToHost || kind > ByPointers) return failed(InvalidValue);
  size_t room = size, stock = size;
  bool to_device = on_device(to, &room), from_device = on_device(from, &stock);
  if (size > room || size > stock) return failed(InvalidValue);
  if (kind == ByPointers) kind = (from_device ? 2 : 0) + (to_device ? 1 : 0);
  count(counter_of[kind]);
  if (waits && kind != DeviceToDevice) count("wait_copy");
  memmove(to, from, size);
  return Success;
}

EXPORT Status hipMemcpy(void *to, const void *from, size_t size, int kind) {
  return copy(to, from, size, kind, true);
}
EXPORT Status hipMemcpyAsync(void *to, const void *from, size_t size, int kind, void *) {
  return copy(to, from, size, kind, false);
}
EXPORT Status hipMemcpyPeer(void *to, int, const void *from, int, size_t size) {
  return copy(to, from, size, DeviceToDevice, false);
}
EXPORT Status hipMemcpyPeerAsync(void *to, int, const void *from, int, size_t size, void *) {
  return copy(to, from, size, DeviceToDevice, false);
}

EXPORT Status hipMemset(void *to, int value, size_t size) {
  count("fill");
  memset(to, value, size);
  return Success;
}
EXPORT Status hipMemsetAsync(void *to, int value, size_t size, void *) {
  return hipMemset(to, value, size);
}
