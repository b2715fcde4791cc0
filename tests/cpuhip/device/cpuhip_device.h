// The kernel's half of cpuhip: lets g++ compile the device text that CuPy generates, or that a
// RawKernel carries, into a shared object for the host. This file has the threads; the numbers are
// in the three headers at its end.
#pragma once
#include <cassert>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cpuhip_state.h"

#define CPUHIP 1
#define __HIPCC__ 1
#define __HIPCC_RTC__ 1
#define __HIP_PLATFORM_AMD__ 1

#define CPUHIP_VISIBLE __attribute__((visibility("default")))

#define __global__
#define __device__
#define __host__
#define __managed__
#define __constant__ CPUHIP_VISIBLE __attribute__((used))
#define __shared__ static  // the blocks of a module run one after another
#define __launch_bounds__(...)

// ---- who am I -----------------------------------------------------------------------------------

typedef CpuhipIndex uint3;
struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  dim3(const uint3 &index) : x(index.x), y(index.y), z(index.z) {}
};

extern "C" {
CPUHIP_VISIBLE CpuhipState cpuhip_state;
}

// Constant, so that a kernel that writes to one of them fails to compile here too.
#define threadIdx (static_cast<const uint3 &>(cpuhip_state.thread))
#define blockIdx (static_cast<const uint3 &>(cpuhip_state.block))
#define blockDim (static_cast<const uint3 &>(cpuhip_state.block_size))
#define gridDim (static_cast<const uint3 &>(cpuhip_state.grid_size))
#define warpSize 32

// ---- waiting for each other ---------------------------------------------------------------------

namespace cpuhip {

// A module whose kernels wait for each other needs a stack for every thread; the others run faster
// without. Being a template, the marker exists only in a module that uses one of the functions
// below, in whatever header that may be; the runtime asks for it by its name.
template <class T>
struct NeedsFibres {
  CPUHIP_VISIBLE static char marker;
};
template <class T>
char NeedsFibres<T>::marker = 1;

template <int place>
inline void barrier() {
  NeedsFibres<void>::marker = 1;
  cpuhip_state.barrier(place);
}

template <class T>
inline T exchange(T value, int source_lane, unsigned mask) {
  static_assert(sizeof(T) <= sizeof(unsigned long long), "a shuffle carries at most 8 bytes");
  NeedsFibres<void>::marker = 1;
  unsigned long long bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = cpuhip_state.exchange(bits, source_lane, mask);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// A source outside the caller's part of the warp means the caller itself.
inline int lane_within(int source, int width) {
  int lane = cpuhip_state.lane;
  return source >= 0 && source / width == lane / width ? source : lane;
}

}  // namespace cpuhip

// One number for each place in the text: all threads of a block must meet at the same one.
#define __syncthreads() ::cpuhip::barrier<__COUNTER__ + 1>()
template <class T = unsigned>
static inline void __syncwarp(T mask = 0xffffffff) {
  cpuhip::exchange(0, 0, (unsigned)mask);
}
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}

template <class Mask, class T>
static inline T __shfl_sync(Mask mask, T value, int source, int width = 32) {
  int first = cpuhip_state.lane / width * width;
  return cpuhip::exchange(value, first + ((source % width) + width) % width, (unsigned)mask);
}
template <class Mask, class T>
static inline T __shfl_down_sync(Mask mask, T value, unsigned by, int width = 32) {
  int source = cpuhip::lane_within(cpuhip_state.lane + (int)by, width);
  return cpuhip::exchange(value, source, (unsigned)mask);
}
template <class Mask, class T>
static inline T __shfl_up_sync(Mask mask, T value, unsigned by, int width = 32) {
  int source = cpuhip::lane_within(cpuhip_state.lane - (int)by, width);
  return cpuhip::exchange(value, source, (unsigned)mask);
}
template <class Mask, class T>
static inline T __shfl_xor_sync(Mask mask, T value, int by, int width = 32) {
  int source = cpuhip::lane_within(cpuhip_state.lane ^ by, width);
  return cpuhip::exchange(value, source, (unsigned)mask);
}

// AMD's own, without a mask: between the lanes that come.
template <class T>
static inline T __shfl(T value, int source, int width = 32) {
  return __shfl_sync(0, value, source, width);
}
template <class T>
static inline T __shfl_down(T value, unsigned by, int width = 32) {
  return __shfl_down_sync(0, value, by, width);
}
template <class T>
static inline T __shfl_up(T value, unsigned by, int width = 32) {
  return __shfl_up_sync(0, value, by, width);
}
template <class T>
static inline T __shfl_xor(T value, int by, int width = 32) {
  return __shfl_xor_sync(0, value, by, width);
}

// ---- being called -------------------------------------------------------------------------------

namespace cpuhip {

template <class Function>
struct Call;

// Arguments come as an array of pointers to their values.
template <class... Arguments>
struct Call<void (*)(Arguments...)> {
  typedef void (*Function)(Arguments...);

  template <class T>
  using Value = typename std::remove_cv<typename std::remove_reference<T>::type>::type;

  template <std::size_t... Places>
  static void at(Function function, void **values, std::index_sequence<Places...>) {
    (void)values;  // a kernel may have no arguments
    function(*reinterpret_cast<Value<Arguments> *>(values[Places])...);
  }

  static void with(Function function, void **values) {
    at(function, values, std::index_sequence_for<Arguments...>());
  }
};

}  // namespace cpuhip

// The runtime looks a kernel up under the name of its entry. The function comes last because a
// template's arguments may have commas.
#define CPUHIP_ENTRY(entry, ...)                                          \
  extern "C" CPUHIP_VISIBLE void entry(void **values) {                   \
    ::cpuhip::Call<decltype(&__VA_ARGS__)>::with(&__VA_ARGS__, values);   \
  }

#include "cpuhip_atomic.h"
#include "cpuhip_half.h"
#include "cpuhip_math.h"
