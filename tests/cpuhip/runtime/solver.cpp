// rocSOLVER: factors of one real matrix, stored by columns, by the LAPACK in the OpenBLAS that
// CPUHIP_BLAS names. Its whole numbers have 64 bits, and it is called as Fortran is: everything by
// its address, and the length of every letter at the end.
#include <vector>

#include "cpuhip.h"

using Int = int;         // rocblas_int
using Whole = long long;  // LAPACK's
using Length = size_t;

enum : int { Done = 0, NotImplemented = 2, InvalidSize = 4 };  // rocblas_status
enum : int { Upper = 121, Transpose = 112, ConjugateTranspose = 113, NoVectors = 213 };

// ---- handles ------------------------------------------------------------------------------------

struct SolverHandle {
  void *stream = nullptr;
};

EXPORT int rocblas_create_handle(SolverHandle **out) {
  *out = new SolverHandle;
  return Done;
}
EXPORT int rocblas_destroy_handle(SolverHandle *handle) {
  delete handle;
  return Done;
}
EXPORT int rocblas_set_stream(SolverHandle *handle, void *stream) {
  handle->stream = stream;
  return Done;
}
EXPORT int rocblas_get_stream(SolverHandle *handle, void **out) {
  *out = handle->stream;
  return Done;
}

// ---- calls of LAPACK ----------------------------------------------------------------------------

template <class T>
constexpr char letter = sizeof(T) == sizeof(float) ? 's' : 'd';

// The function of that name in T's precision.
template <class T, class Function>
static Function lapack(const char *name) {
  return reinterpret_cast<Function>(
      openblas(("scipy_" + std::string(1, letter<T>) + name + "_64_").c_str()));
}

// Call once to learn how much room is needed, then with that room.
template <class T, class Call>
static Whole with_room(Call call) {
  T size = 0;
  Whole least = -1;
  call(&size, &least);
  std::vector<T> room(static_cast<size_t>(size) + 1);
  Whole length = static_cast<Whole>(room.size());
  return call(room.data(), &length);
}

template <class T>
static int getrf(Int rows, Int columns, T *a, Int step, Int *pivots, Int *info) {
  using F = void (*)(const Whole *, const Whole *, T *, const Whole *, Whole *, Whole *);
  static const auto function = lapack<T, F>("getrf");
  if (!function) return refuse("getrf", NotImplemented);
  if (rows < 0 || columns < 0 || step < rows) return InvalidSize;
  const Whole m = rows, n = columns, ld = step;
  std::vector<Whole> wide(static_cast<size_t>(rows < columns ? rows : columns));
  Whole status = 0;
  function(&m, &n, a, &ld, wide.data(), &status);
  for (size_t i = 0; i < wide.size(); ++i) pivots[i] = static_cast<Int>(wide[i]);
  *info = static_cast<Int>(status);
  return Done;
}

template <class T>
static int getrs(int op, Int size, Int sides, T *a, Int step, const Int *pivots, T *b, Int step_b) {
  using F = void (*)(const char *, const Whole *, const Whole *, const T *, const Whole *,
                     const Whole *, T *, const Whole *, Whole *, Length);
  static const auto function = lapack<T, F>("getrs");
  if (!function) return refuse("getrs", NotImplemented);
  if (size < 0 || sides < 0 || step < size || step_b < size) return InvalidSize;
  const Whole n = size, count = sides, ld = step, ld_b = step_b;
  const std::vector<Whole> wide(pivots, pivots + size);
  const char turn = op == Transpose || op == ConjugateTranspose ? 'T' : 'N';
  Whole status = 0;
  function(&turn, &n, &count, a, &ld, wide.data(), b, &ld_b, &status, 1);
  return Done;
}

template <class T>
static int potrf(int fill, Int size, T *a, Int step, Int *info) {
  using F = void (*)(const char *, const Whole *, T *, const Whole *, Whole *, Length);
  static const auto function = lapack<T, F>("potrf");
  if (!function) return refuse("potrf", NotImplemented);
  if (size < 0 || step < size) return InvalidSize;
  const Whole n = size, ld = step;
  const char side = fill == Upper ? 'U' : 'L';
  Whole status = 0;
  function(&side, &n, a, &ld, &status, 1);
  *info = static_cast<Int>(status);
  return Done;
}

template <class T>
static int geqrf(Int rows, Int columns, T *a, Int step, T *tau) {
  using F = void (*)(const Whole *, const Whole *, T *, const Whole *, T *, T *, const Whole *,
                     Whole *);
  static const auto function = lapack<T, F>("geqrf");
  if (!function) return refuse("geqrf", NotImplemented);
  if (rows < 0 || columns < 0 || step < rows) return InvalidSize;
  const Whole m = rows, n = columns, ld = step;
  with_room<T>([&](T *room, const Whole *length) {
    Whole status = 0;
    function(&m, &n, a, &ld, tau, room, length, &status);
    return status;
  });
  return Done;
}

template <class T>
static int orgqr(Int rows, Int columns, Int reflections, T *a, Int step, T *tau) {
  using F = void (*)(const Whole *, const Whole *, const Whole *, T *, const Whole *, const T *,
                     T *, const Whole *, Whole *);
  static const auto function = lapack<T, F>("orgqr");
  if (!function) return refuse("orgqr", NotImplemented);
  if (columns > rows || reflections > columns || step < rows) return InvalidSize;
  const Whole m = rows, n = columns, k = reflections, ld = step;
  with_room<T>([&](T *room, const Whole *length) {
    Whole status = 0;
    function(&m, &n, &k, a, &ld, tau, room, length, &status);
    return status;
  });
  return Done;
}

template <class T>
static int gesvd(int left, int right, Int rows, Int columns, T *a, Int step, T *s, T *u,
                 Int step_u, T *v, Int step_v, Int *info) {
  using F = void (*)(const char *, const char *, const Whole *, const Whole *, T *, const Whole *,
                     T *, T *, const Whole *, T *, const Whole *, T *, const Whole *, Whole *,
                     Length, Length);
  static const auto function = lapack<T, F>("gesvd");
  if (!function) return refuse("gesvd", NotImplemented);
  const char jobs[] = {'A', 'S', 'O', 'N'};  // rocblas_svect from 191 on
  if (left < 191 || left > 194 || right < 191 || right > 194 || step < rows) return InvalidSize;
  const Whole m = rows, n = columns, ld = step, ld_u = step_u, ld_v = step_v;
  *info = static_cast<Int>(with_room<T>([&](T *room, const Whole *length) {
    Whole status = 0;
    function(&jobs[left - 191], &jobs[right - 191], &m, &n, a, &ld, s, u, &ld_u, v, &ld_v, room,
             length, &status, 1, 1);
    return status;
  }));
  return Done;
}

template <class T>
static int syev(int vectors, int fill, Int size, T *a, Int step, T *values, Int *info) {
  using F = void (*)(const char *, const char *, const Whole *, T *, const Whole *, T *, T *,
                     const Whole *, Whole *, Length, Length);
  static const auto function = lapack<T, F>("syev");
  if (!function) return refuse("syev", NotImplemented);
  if (size < 0 || step < size) return InvalidSize;
  const Whole n = size, ld = step;
  const char job = vectors == NoVectors ? 'N' : 'V', side = fill == Upper ? 'U' : 'L';
  *info = static_cast<Int>(with_room<T>([&](T *room, const Whole *length) {
    Whole status = 0;
    function(&job, &side, &n, a, &ld, values, room, length, &status, 1, 1);
    return status;
  }));
  return Done;
}

// a becomes op(a)⁻¹ b for a triangular a; the numbers of side, fill, op and diagonal are CBLAS's.
template <class T>
static int trsm(int side, int fill, int op, int diagonal, int rows, int columns, T alpha,
                const T *a, int step, T *b, int step_b) {
  using F = void (*)(int, int, int, int, int, Whole, Whole, T, const T *, Whole, T *, Whole);
  static const auto function = reinterpret_cast<F>(
      openblas(("scipy_cblas_" + std::string(1, letter<T>) + "trsm64_").c_str()));
  const int by_columns = 102;
  if (!function) return refuse("trsm", 7);
  function(by_columns, side, fill, op, diagonal, rows, columns, alpha, a, step, b, step_b);
  return Done;
}

// ---- what CuPy calls ----------------------------------------------------------------------------

#define SOLVER_FUNCTIONS(small, large, T)                                                        \
  EXPORT int rocsolver_##small##getrf(void *, Int m, Int n, T *a, Int step, Int *pivots,         \
                                      Int *info) {                                               \
    count("getrf");                                                                              \
    return getrf(m, n, a, step, pivots, info);                                                   \
  }                                                                                              \
  EXPORT int rocsolver_##small##getrs(void *, int op, Int n, Int sides, T *a, Int step,          \
                                      const Int *pivots, T *b, Int step_b) {                     \
    count("getrs");                                                                              \
    return getrs(op, n, sides, a, step, pivots, b, step_b);                                      \
  }                                                                                              \
  EXPORT int rocsolver_##small##potrf(void *, int fill, Int n, T *a, Int step, Int *info) {      \
    count("potrf");                                                                              \
    return potrf(fill, n, a, step, info);                                                        \
  }                                                                                              \
  EXPORT int rocsolver_##small##geqrf(void *, Int m, Int n, T *a, Int step, T *tau) {            \
    count("geqrf");                                                                              \
    return geqrf(m, n, a, step, tau);                                                            \
  }                                                                                              \
  EXPORT int rocsolver_##small##orgqr(void *, Int m, Int n, Int k, T *a, Int step, T *tau) {     \
    count("orgqr");                                                                              \
    return orgqr(m, n, k, a, step, tau);                                                         \
  }                                                                                              \
  EXPORT int rocsolver_##small##gesvd(void *, int left, int right, Int m, Int n, T *a, Int step, \
                                      T *s, T *u, Int step_u, T *v, Int step_v, T *, int,        \
                                      Int *info) {                                               \
    count("gesvd");                                                                              \
    return gesvd(left, right, m, n, a, step, s, u, step_u, v, step_v, info);                     \
  }                                                                                              \
  EXPORT int rocsolver_##small##syev(void *, int vectors, int fill, Int n, T *a, Int step,       \
                                     T *values, T *, Int *info) {                                \
    count("syev");                                                                               \
    return syev(vectors, fill, n, a, step, values, info);                                        \
  }                                                                                              \
  EXPORT int hipblas##large##trsm(void *, int side, int fill, int op, int diagonal, int m,       \
                                  int n, const T *alpha, const T *a, int step, T *b,             \
                                  int step_b) {                                                  \
    count("trsm");                                                                               \
    return trsm(side, fill, op, diagonal, m, n, *alpha, a, step, b, step_b);                     \
  }
SOLVER_FUNCTIONS(s, S, float)
SOLVER_FUNCTIONS(d, D, double)
