// The threads of one block as fibres: each has a stack, and they take turns where they wait.
#pragma once
#include <cstddef>

#include "cpuhip_state.h"

using Entry = void (*)(void **arguments);

// The index of the thread or block number `number`; x runs fastest.
inline CpuhipIndex index_in(const CpuhipIndex &size, size_t number) {
  return {static_cast<unsigned>(number % size.x),
          static_cast<unsigned>(number / size.x % size.y),
          static_cast<unsigned>(number / size.x / size.y)};
}
inline size_t volume(const CpuhipIndex &size) { return size_t(size.x) * size.y * size.z; }

constexpr int lanes_per_warp = 32;

// Run every thread of the block that `state` describes. Returns null, or what the threads did that
// a device would not forgive.
const char *run_block(Entry entry, void **arguments, CpuhipState &state, bool backwards);
