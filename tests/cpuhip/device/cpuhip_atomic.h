// Atomic functions: blocks and threads take turns, so that plain reads and writes are atomic.
#pragma once

// atomicAdd is written for each type, so that the value is converted to the type of the array.
#define CPUHIP_ATOMIC_ADD(T)                   \
  static inline T atomicAdd(T *place, T value) { \
    T old = *place;                            \
    *place = old + value;                      \
    return old;                                \
  }
CPUHIP_ATOMIC_ADD(float)
CPUHIP_ATOMIC_ADD(double)
CPUHIP_ATOMIC_ADD(int)
CPUHIP_ATOMIC_ADD(unsigned)
CPUHIP_ATOMIC_ADD(unsigned long)
CPUHIP_ATOMIC_ADD(unsigned long long)

// common_type keeps `value` out of the deduction of T, again so that it is converted.
#define CPUHIP_ATOMIC(name, updated)                                            \
  template <class T>                                                            \
  static inline T name(T *place, typename std::common_type<T>::type value) {    \
    T old = *place;                                                             \
    *place = (updated);                                                         \
    return old;                                                                 \
  }
CPUHIP_ATOMIC(atomicSub, old - value)
CPUHIP_ATOMIC(atomicExch, value)
CPUHIP_ATOMIC(atomicMax, old < value ? value : old)
CPUHIP_ATOMIC(atomicMin, value < old ? value : old)
CPUHIP_ATOMIC(atomicAnd, old & value)
CPUHIP_ATOMIC(atomicOr, old | value)
CPUHIP_ATOMIC(atomicXor, old ^ value)

template <class T>
static inline T atomicCAS(T *place, T expected, T value) {
  T old = *place;
  if (old == expected) *place = value;
  return old;
}
