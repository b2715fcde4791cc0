// Half precision, by the compiler's own 16-bit type. bfloat16 is not there.
#pragma once

struct __half_raw {
  unsigned short x;
};

struct half {
  _Float16 v;
  half() {}
  half(float value) : v((_Float16)value) {}
  explicit half(const __half_raw &raw) { std::memcpy(&v, &raw, sizeof v); }
  explicit half(bool value) : v((_Float16)(float)value) {}
  explicit half(double value) : v((_Float16)value) {}
  explicit half(int value) : v((_Float16)(float)value) {}
  explicit half(unsigned value) : v((_Float16)(float)value) {}
  explicit half(long long value) : v((_Float16)(float)value) {}
  explicit half(unsigned long long value) : v((_Float16)(float)value) {}
  operator float() const { return (float)v; }
  operator __half_raw() const {
    __half_raw raw;
    std::memcpy(&raw, &v, sizeof v);
    return raw;
  }
};
typedef half __half;

static inline half __float2half(float value) { return half(value); }
static inline half __float2half_rn(float value) { return half(value); }
static inline float __half2float(half value) { return (float)value; }
static inline unsigned short __half_as_ushort(half value) { return __half_raw(value).x; }
static inline half __ushort_as_half(unsigned short bits) { return half(__half_raw{bits}); }
