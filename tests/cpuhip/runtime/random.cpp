// hipRAND: numbers of the right distributions. They are not the numbers of a device.
#include <cstdint>
#include <random>

#include "cpuhip.h"

enum : int { RandSuccess = 0, RandLengthNotMultiple = 105 };

struct Generator {
  std::mt19937_64 next{0};
};

EXPORT int hiprandCreateGenerator(Generator **out, int) {
  *out = new Generator;
  return RandSuccess;
}
EXPORT int hiprandDestroyGenerator(Generator *generator) {
  delete generator;
  return RandSuccess;
}
EXPORT int hiprandGetVersion(int *out) {
  *out = 201000;
  return RandSuccess;
}
EXPORT int hiprandSetStream(Generator *, void *) { return RandSuccess; }
EXPORT int hiprandSetGeneratorOffset(Generator *, unsigned long long) { return RandSuccess; }
EXPORT int hiprandSetPseudoRandomGeneratorSeed(Generator *generator, unsigned long long seed) {
  generator->next.seed(seed);
  return RandSuccess;
}

EXPORT int hiprandGenerate(Generator *generator, unsigned *out, size_t size) {
  count("random");
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned>(generator->next());
  return RandSuccess;
}

// In (0, 1], with as many random bits as T has: cuRAND leaves 0 out and lets 1 in.
template <class T>
static int uniform(Generator *generator, T *out, size_t size) {
  count("random");
  const int bits = std::numeric_limits<T>::digits;
  const T range = static_cast<T>(uint64_t(1) << bits);
  for (size_t i = 0; i < size; ++i)
    out[i] = (static_cast<T>(generator->next() >> (64 - bits)) + 1) / range;
  return RandSuccess;
}

// Drawn in pairs on a device, which therefore refuses an odd number.
template <class T>
static int normal(Generator *generator, T *out, size_t size, T mean, T deviation) {
  count("random");
  if (size % 2) return RandLengthNotMultiple;
  std::normal_distribution<T> draw(mean, deviation);
  for (size_t i = 0; i < size; ++i) out[i] = draw(generator->next);
  return RandSuccess;
}

EXPORT int hiprandGenerateUniform(Generator *generator, float *out, size_t size) {
  return uniform(generator, out, size);
}
EXPORT int hiprandGenerateUniformDouble(Generator *generator, double *out, size_t size) {
  return uniform(generator, out, size);
}
EXPORT int hiprandGenerateNormal(Generator *generator, float *out, size_t size, float mean,
                                 float deviation) {
  return normal(generator, out, size, mean, deviation);
}
EXPORT int hiprandGenerateNormalDouble(Generator *generator, double *out, size_t size,
                                       double mean, double deviation) {
  return normal(generator, out, size, mean, deviation);
}
