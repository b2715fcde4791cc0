// What the runtime tells the kernel that it runs. Both are compiled from this one description.
#pragma once

struct CpuhipIndex {
  unsigned x, y, z;
};

// The name, as compiled, of the marker that a module of waiting kernels has.
#define CPUHIP_NEEDS_FIBRES "_ZN6cpuhip11NeedsFibresIvE6markerE"

struct CpuhipState {
  CpuhipIndex thread, block, block_size, grid_size;
  int lane;
  void *dynamic_shared;
  void (*barrier)(int place);
  // Wait for the lanes of the mask, or with mask 0 for those that come, and read one's bits.
  unsigned long long (*exchange)(unsigned long long bits, int source_lane, unsigned mask);
};
