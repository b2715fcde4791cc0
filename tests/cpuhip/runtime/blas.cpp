// hipBLAS: products of matrices and vectors, stored by columns. Real matrices go to the OpenBLAS
// that CPUHIP_BLAS names (NumPy's own); everything else, or all of it, to the plain loops here.
#include <dlfcn.h>

#include <algorithm>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cpuhip.h"

using ComplexFloat = std::complex<float>;
using ComplexDouble = std::complex<double>;
using Long = long long;

enum : int { BlasSuccess = 0, BlasInvalidValue = 3, BlasNotSupported = 7 };
enum : int { Plain = 111, Transposed = 112, Conjugated = 113 };  // the same numbers as CBLAS's

// ---- handles ------------------------------------------------------------------------------------

struct Handle {
  void *stream = nullptr;
  int pointer_mode = 0;
};

EXPORT int hipblasCreate(Handle **out) {
  *out = new Handle;
  return BlasSuccess;
}
EXPORT int hipblasDestroy(Handle *handle) {
  delete handle;
  return BlasSuccess;
}
EXPORT int hipblasSetStream(Handle *handle, void *stream) {
  handle->stream = stream;
  return BlasSuccess;
}
EXPORT int hipblasGetStream(Handle *handle, void **out) {
  *out = handle->stream;
  return BlasSuccess;
}
EXPORT int hipblasSetPointerMode(Handle *handle, int mode) {
  handle->pointer_mode = mode;
  return BlasSuccess;
}
EXPORT int hipblasGetPointerMode(Handle *handle, int *out) {
  *out = handle->pointer_mode;
  return BlasSuccess;
}

// ---- one product --------------------------------------------------------------------------------

// c = alpha·op(a)·op(b) + beta·c, where op(a) is m×k and op(b) is k×n.
struct Product {
  int op_a, op_b, m, n, k, step_a, step_b, step_c;  // steps: from a column to the next

  // What cuBLAS refuses: a wrong step must be noticed here too.
  bool is_valid() const {
    bool is_good = m >= 0 && n >= 0 && k >= 0 && step_a >= std::max(1, op_a == Plain ? m : k) &&
                   step_b >= std::max(1, op_b == Plain ? k : n) && step_c >= std::max(1, m);
    if (!is_good) fprintf(stderr, "cpuhip: arguments of a matrix product refused\n");
    return is_good;
  }
};

template <class T>
static T conjugate(T value) { return value; }
template <class T>
static std::complex<T> conjugate(std::complex<T> value) { return std::conj(value); }

// op(matrix)[row, column]
template <class T>
static T element(const T *matrix, int op, Long step, Long row, Long column) {
  if (op == Plain) return matrix[row + column * step];
  T value = matrix[column + row * step];
  return op == Conjugated ? conjugate(value) : value;
}

// With beta = 0 the old values are not read: they may be NaN.
template <class T, class Sum>
static void store(T &place, Sum alpha, Sum sum, Sum beta) {
  place = static_cast<T>(alpha * sum + (beta == Sum(0) ? Sum(0) : beta * static_cast<Sum>(place)));
}

template <class T, class Sum>
static void multiply_by_loops(const Product &p, Sum alpha, const T *a, const T *b, Sum beta, T *c) {
  for (int column = 0; column < p.n; ++column)
    for (int row = 0; row < p.m; ++row) {
      Sum sum(0);
      for (int i = 0; i < p.k; ++i)
        sum += static_cast<Sum>(element(a, p.op_a, p.step_a, row, i)) *
               static_cast<Sum>(element(b, p.op_b, p.step_b, i, column));
      store(c[row + Long(column) * p.step_c], alpha, sum, beta);
    }
}

template <class T>
using CblasGemm = void (*)(int, int, int, Long, Long, Long, T, const T *, Long, const T *, Long, T,
                           T *, Long);

void *openblas(const char *function) {
  const char *path = getenv("CPUHIP_BLAS");
  void *library = path && *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  return library ? dlsym(library, function) : nullptr;
}

template <class T>
static void multiply_by(CblasGemm<T> gemm, const Product &p, T alpha, const T *a, const T *b,
                        T beta, T *c) {
  const int by_columns = 102;
  if (gemm)
    gemm(by_columns, p.op_a, p.op_b, p.m, p.n, p.k, alpha, a, p.step_a, b, p.step_b, beta, c,
         p.step_c);
  else
    multiply_by_loops(p, alpha, a, b, beta, c);
}

static void multiply(const Product &p, float alpha, const float *a, const float *b, float beta,
                     float *c) {
  static const auto gemm = reinterpret_cast<CblasGemm<float>>(openblas("scipy_cblas_sgemm64_"));
  multiply_by(gemm, p, alpha, a, b, beta, c);
}
static void multiply(const Product &p, double alpha, const double *a, const double *b, double beta,
                     double *c) {
  static const auto gemm = reinterpret_cast<CblasGemm<double>>(openblas("scipy_cblas_dgemm64_"));
  multiply_by(gemm, p, alpha, a, b, beta, c);
}
template <class T>
static void multiply(const Product &p, std::complex<T> alpha, const std::complex<T> *a,
                     const std::complex<T> *b, std::complex<T> beta, std::complex<T> *c) {
  multiply_by_loops(p, alpha, a, b, beta, c);
}

// ---- products whose class is an argument --------------------------------------------------------

enum : int { Float = 0, Double = 1, Half = 2, Complex = 4, DoubleComplex = 5 };  // hipDataType

static int size_of(int type) {
  switch (type) {
    case Float: return sizeof(float);
    case Double: return sizeof(double);
    case Half: return sizeof(_Float16);
    case Complex: return sizeof(ComplexFloat);
    case DoubleComplex: return sizeof(ComplexDouble);
    default: return 0;
  }
}

struct Operands {
  const void *alpha, *a, *b, *beta;
  void *c;
};

template <class T>
static int multiply_as(const Product &p, const Operands &o) {
  multiply(p, *static_cast<const T *>(o.alpha), static_cast<const T *>(o.a),
           static_cast<const T *>(o.b), *static_cast<const T *>(o.beta), static_cast<T *>(o.c));
  return BlasSuccess;
}

// Half precision is summed in single, and so are alpha and beta.
static int multiply_halves(const Product &p, const Operands &o) {
  multiply_by_loops(p, *static_cast<const float *>(o.alpha), static_cast<const _Float16 *>(o.a),
                    static_cast<const _Float16 *>(o.b), *static_cast<const float *>(o.beta),
                    static_cast<_Float16 *>(o.c));
  return BlasSuccess;
}

static int multiply_any(const Product &p, const Operands &operands, int type) {
  if (!p.is_valid()) return BlasInvalidValue;
  switch (type) {
    case Float: return multiply_as<float>(p, operands);
    case Double: return multiply_as<double>(p, operands);
    case Half: return multiply_halves(p, operands);
    case Complex: return multiply_as<ComplexFloat>(p, operands);
    case DoubleComplex: return multiply_as<ComplexDouble>(p, operands);
    default: return BlasNotSupported;
  }
}

EXPORT int hipblasGemmEx(Handle *, int op_a, int op_b, int m, int n, int k, const void *alpha,
                         const void *a, int type_a, int step_a, const void *b, int type_b,
                         int step_b, const void *beta, void *c, int type_c, int step_c, int, int) {
  count("gemm");
  if (type_a != type_b || type_a != type_c) return BlasNotSupported;
  const Product product = {op_a, op_b, m, n, k, step_a, step_b, step_c};
  return multiply_any(product, {alpha, a, b, beta, c}, type_a);
}

EXPORT int hipblasGemmStridedBatchedEx(Handle *, int op_a, int op_b, int m, int n, int k,
                                       const void *alpha, const void *a, int type_a, int step_a,
                                       Long next_a, const void *b, int type_b, int step_b,
                                       Long next_b, const void *beta, void *c, int type_c,
                                       int step_c, Long next_c, int number, int, int) {
  count("gemm_batched");
  if (type_a != type_b || type_a != type_c) return BlasNotSupported;
  const Product product = {op_a, op_b, m, n, k, step_a, step_b, step_c};
  const Long size = size_of(type_a);
  for (int i = 0; i < number; ++i) {
    const Operands operands = {alpha, static_cast<const char *>(a) + i * next_a * size,
                               static_cast<const char *>(b) + i * next_b * size, beta,
                               static_cast<char *>(c) + i * next_c * size};
    if (int error = multiply_any(product, operands, type_a)) return error;
  }
  return BlasSuccess;
}

// ---- products of one class ----------------------------------------------------------------------

template <class T, class Place>
static int multiply_batch(const Product &p, const T *alpha, const T *beta, int number,
                          Place operands_of) {
  if (!p.is_valid()) return BlasInvalidValue;
  for (int i = 0; i < number; ++i) {
    auto [a, b, c] = operands_of(i);
    multiply(p, *alpha, a, b, *beta, c);
  }
  return BlasSuccess;
}

template <class T>
struct Places {
  const T *a, *b;
  T *c;
};

#define GEMM_FUNCTIONS(letter, T)                                                                \
  EXPORT int hipblas##letter##gemm(Handle *, int op_a, int op_b, int m, int n, int k,            \
                                   const T *alpha, const T *a, int step_a, const T *b,           \
                                   int step_b, const T *beta, T *c, int step_c) {                \
    count("gemm");                                                                               \
    return multiply_batch({op_a, op_b, m, n, k, step_a, step_b, step_c}, alpha, beta, 1,         \
                          [=](int) { return Places<T>{a, b, c}; });                              \
  }                                                                                              \
  EXPORT int hipblas##letter##gemmBatched(                                                       \
      Handle *, int op_a, int op_b, int m, int n, int k, const T *alpha, const T *const *a,      \
      int step_a, const T *const *b, int step_b, const T *beta, T *const *c, int step_c,         \
      int number) {                                                                              \
    count("gemm_batched");                                                                       \
    return multiply_batch({op_a, op_b, m, n, k, step_a, step_b, step_c}, alpha, beta, number,    \
                          [=](int i) { return Places<T>{a[i], b[i], c[i]}; });                   \
  }                                                                                              \
  EXPORT int hipblas##letter##gemmStridedBatched(                                                \
      Handle *, int op_a, int op_b, int m, int n, int k, const T *alpha, const T *a, int step_a, \
      Long next_a, const T *b, int step_b, Long next_b, const T *beta, T *c, int step_c,         \
      Long next_c, int number) {                                                                 \
    count("gemm_batched");                                                                       \
    return multiply_batch(                                                                       \
        {op_a, op_b, m, n, k, step_a, step_b, step_c}, alpha, beta, number,                      \
        [=](int i) { return Places<T>{a + i * next_a, b + i * next_b, c + i * next_c}; });       \
  }
GEMM_FUNCTIONS(S, float)
GEMM_FUNCTIONS(D, double)
GEMM_FUNCTIONS(C, ComplexFloat)
GEMM_FUNCTIONS(Z, ComplexDouble)

// ---- vectors ------------------------------------------------------------------------------------

// y = alpha·op(a)·x + beta·y, where a is rows×columns
template <class T>
static int multiply_vector(int op, int rows, int columns, T alpha, const T *a, int step,
                           const T *x, int step_x, T beta, T *y, int step_y) {
  count("gemv");
  if (op != Plain) std::swap(rows, columns);
  for (int row = 0; row < rows; ++row) {
    T sum(0);
    for (int i = 0; i < columns; ++i) sum += element(a, op, step, row, i) * x[Long(i) * step_x];
    store(y[Long(row) * step_y], alpha, sum, beta);
  }
  return BlasSuccess;
}

template <class T>
static int dot(int size, const T *x, int step_x, const T *y, int step_y, T *out) {
  count("dot");
  T sum(0);
  for (int i = 0; i < size; ++i) sum += x[Long(i) * step_x] * y[Long(i) * step_y];
  *out = sum;
  return BlasSuccess;
}

// c = alpha·op(a) + beta·op(b); a matrix with factor 0 is not read, and may be null.
template <class T>
static int add_matrices(int op_a, int op_b, int rows, int columns, T alpha, const T *a, int step_a,
                        T beta, const T *b, int step_b, T *c, int step_c) {
  count("geam");
  for (int column = 0; column < columns; ++column)
    for (int row = 0; row < rows; ++row) {
      T sum(0);
      if (alpha != T(0)) sum += alpha * element(a, op_a, step_a, row, column);
      if (beta != T(0)) sum += beta * element(b, op_b, step_b, row, column);
      c[row + Long(column) * step_c] = sum;
    }
  return BlasSuccess;
}

#define VECTOR_FUNCTIONS(letter, T)                                                              \
  EXPORT int hipblas##letter##gemv(Handle *, int op, int rows, int columns, const T *alpha,      \
                                   const T *a, int step, const T *x, int step_x, const T *beta,  \
                                   T *y, int step_y) {                                           \
    return multiply_vector(op, rows, columns, *alpha, a, step, x, step_x, *beta, y, step_y);     \
  }                                                                                              \
  EXPORT int hipblas##letter##dot(Handle *, int size, const T *x, int step_x, const T *y,        \
                                  int step_y, T *out) {                                          \
    return dot(size, x, step_x, y, step_y, out);                                                 \
  }                                                                                              \
  EXPORT int hipblas##letter##geam(Handle *, int op_a, int op_b, int rows, int columns,          \
                                   const T *alpha, const T *a, int step_a, const T *beta,        \
                                   const T *b, int step_b, T *c, int step_c) {                   \
    return add_matrices(op_a, op_b, rows, columns, *alpha, a, step_a, *beta, b, step_b, c,       \
                        step_c);                                                                 \
  }
VECTOR_FUNCTIONS(S, float)
VECTOR_FUNCTIONS(D, double)
