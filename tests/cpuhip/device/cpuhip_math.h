// The device's numbers: short vectors, casts of bits, intrinsics and mathematical functions.
// Intrinsics that a GPU computes roughly are exact here: the last bits of a GPU are not imitated.
#pragma once

struct int2 { int x, y; };
struct int4 { int x, y, z, w; };
struct float2 { float x, y; };
struct float3 { float x, y, z; };
struct float4 { float x, y, z, w; };
struct double2 { double x, y; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline double2 make_double2(double x, double y) { return {x, y}; }

// ---- bits ---------------------------------------------------------------------------------------

namespace cpuhip {
template <class To, class From>
inline To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From), "a cast of bits keeps the size");
  To result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}
}  // namespace cpuhip

static inline int __float_as_int(float x) { return cpuhip::bits_of<int>(x); }
static inline unsigned __float_as_uint(float x) { return cpuhip::bits_of<unsigned>(x); }
static inline float __int_as_float(int x) { return cpuhip::bits_of<float>(x); }
static inline float __uint_as_float(unsigned x) { return cpuhip::bits_of<float>(x); }
static inline long long __double_as_longlong(double x) { return cpuhip::bits_of<long long>(x); }
static inline double __longlong_as_double(long long x) { return cpuhip::bits_of<double>(x); }
static inline int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
static inline int __double2loint(double x) { return (int)__double_as_longlong(x); }
static inline double __hiloint2double(int high, int low) {
  return __longlong_as_double(((long long)high << 32) | (unsigned)low);
}

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }

template <class T>
static inline T __ldg(const T *place) { return *place; }

// ---- intrinsics ---------------------------------------------------------------------------------

static inline float __fdividef(float a, float b) { return a / b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __frcp_rn(float a) { return 1.0f / a; }
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
static inline float __frsqrt_rn(float a) { return 1.0f / sqrtf(a); }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }

// Macros where the C library has a hidden function of the same name.
static inline float cpuhip_expf(float a) { return expf(a); }
static inline float cpuhip_saturatef(float a) { return a < 0 ? 0 : a > 1 ? 1 : a; }
#define __expf cpuhip_expf
#define __logf(a) logf(a)
#define __powf(a, b) powf(a, b)
#define __sinf(a) sinf(a)
#define __cosf(a) cosf(a)
#define __saturatef cpuhip_saturatef

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline float rsqrt(float x) { return 1.0f / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
static inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }

// ---- functions of <cmath>, by the names that device text uses -----------------------------------

using std::abs;
using std::acos;
using std::acosh;
using std::asin;
using std::asinh;
using std::atan;
using std::atan2;
using std::atanh;
using std::cbrt;
using std::ceil;
using std::copysign;
using std::cos;
using std::cosh;
using std::erf;
using std::erfc;
using std::exp;
using std::exp2;
using std::expm1;
using std::fabs;
using std::floor;
using std::fma;
using std::fmax;
using std::fmin;
using std::fmod;
using std::frexp;
using std::hypot;
using std::isfinite;
using std::isinf;
using std::isnan;
using std::ldexp;
using std::lgamma;
using std::log;
using std::log10;
using std::log1p;
using std::log2;
using std::modf;
using std::nextafter;
using std::pow;
using std::rint;
using std::round;
using std::signbit;
using std::sin;
using std::sinh;
using std::sqrt;
using std::tan;
using std::tanh;
using std::tgamma;
using std::trunc;

// ---- min and max --------------------------------------------------------------------------------

namespace cpuhip {

// As on a device, the other operand wins against a NaN.
template <class Common>
inline Common smaller(Common a, Common b) {
  if (a != a) return b;
  if (b != b) return a;
  return a < b ? a : b;
}
template <class Common>
inline Common larger(Common a, Common b) {
  if (a != a) return b;
  if (b != b) return a;
  return a > b ? a : b;
}

// Arithmetic types only, so that CuPy's own overloads for complex and half still win.
template <class A, class B>
using CommonNumber = typename std::enable_if<
    std::is_arithmetic<A>::value && std::is_arithmetic<B>::value,
    typename std::common_type<A, B>::type>::type;

}  // namespace cpuhip

template <class A, class B>
static inline cpuhip::CommonNumber<A, B> min(A a, B b) {
  return cpuhip::smaller<cpuhip::CommonNumber<A, B>>(a, b);
}
template <class A, class B>
static inline cpuhip::CommonNumber<A, B> max(A a, B b) {
  return cpuhip::larger<cpuhip::CommonNumber<A, B>>(a, b);
}
