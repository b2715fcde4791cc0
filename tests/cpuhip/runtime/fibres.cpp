// The threads of one block as fibres. A warp runs until each of its threads waits at a barrier or
// has returned; then the next warp runs; when all have, those at the barrier go on.
#include "fibres.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "cpuhip.h"

// ---- stacks -------------------------------------------------------------------------------------

static const size_t page = 4096;
static const size_t stack_size = 128 << 10;

// The page at its far end may not be touched: a stack that overflows ends the process, and does not
// write into another.
static char *new_stack() {
  void *stack = mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED || mprotect(stack, page, PROT_NONE))
    throw std::runtime_error("no memory for the stacks of a block");
  return static_cast<char *>(stack);
}

static char *stack_of(size_t thread) {
  static std::vector<char *> stacks;  // kept: every block needs them again
  while (stacks.size() <= thread) stacks.push_back(new_stack());
  return stacks[thread];
}

// ---- switching ----------------------------------------------------------------------------------

// Push the registers that a function must keep, exchange the stacks, pop the other's registers.
extern "C" void cpuhip_switch(void **save_stack_pointer, void *stack_pointer);
__asm__(R"(
.text
.globl cpuhip_switch
.hidden cpuhip_switch
.type cpuhip_switch,@function
cpuhip_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
static const int kept_registers = 6;

// A stack that cpuhip_switch enters as if `function` had been called; it may never return.
static void *prepared(char *stack, void (*function)()) {
  void **top = reinterpret_cast<void **>(stack + stack_size - 64);
  *--top = nullptr;  // the return address, and what aligns the stack
  *--top = reinterpret_cast<void *>(function);
  for (int i = 0; i < kept_registers; ++i) *--top = nullptr;
  return top;
}

// ---- one thread ---------------------------------------------------------------------------------

enum class Mode { Ready, AtBarrier, InExchange, Finished };

struct Fibre {
  void *stack_pointer = nullptr;
  CpuhipIndex thread = {};
  Mode mode = Mode::Ready;
  int place = 0;  // in the text, of the barrier where it waits
  // What it offers in an exchange, for whom it waits, whom it asks, and the answer.
  unsigned long long offer = 0;
  unsigned mask = 0;
  int source = 0;
  unsigned long long answer = 0;
};

static std::vector<Fibre> fibres;
static Fibre *current;
static void *scheduler;  // its stack pointer while a fibre runs
static Entry entry_of_block;
static void **arguments_of_block;

static void suspend(Mode mode) {
  current->mode = mode;
  cpuhip_switch(&current->stack_pointer, scheduler);
}

static void begin() {
  entry_of_block(arguments_of_block);
  suspend(Mode::Finished);
  abort();
}

static void wait_at_barrier(int place) {
  current->place = place;
  suspend(Mode::AtBarrier);
}

static unsigned long long exchange(unsigned long long bits, int source_lane, unsigned mask) {
  current->offer = bits;
  current->source = source_lane;
  current->mask = mask;
  suspend(Mode::InExchange);
  return current->answer;
}

static void resume(Fibre &fibre, CpuhipState &state) {
  current = &fibre;
  state.thread = fibre.thread;
  state.lane = static_cast<int>((&fibre - fibres.data()) % lanes_per_warp);
  cpuhip_switch(&scheduler, fibre.stack_pointer);
}

// ---- one warp -----------------------------------------------------------------------------------

struct Warp {
  Fibre *lanes;
  int number;  // the last warp of a block may have fewer than 32

  template <class Condition>
  unsigned lanes_where(Condition condition) const {
    unsigned found = 0;
    for (int i = 0; i < number; ++i)
      if (condition(lanes[i])) found |= 1u << i;
    return found;
  }

  // A lane that takes no part (it has returned, or does not exist) has no value. A device gives
  // anything; here it is NaN, so that it shows.
  void answer(unsigned group) {
    for (int i = 0; i < number; ++i) {
      if (!(group >> i & 1)) continue;
      int source = lanes[i].source % lanes_per_warp;
      lanes[i].answer = group >> source & 1 ? lanes[source].offer : ~0ull;
      lanes[i].mode = Mode::Ready;
    }
  }

  // Answer the lanes that wait with one mask, when all that it names are there. Who has returned
  // is not waited for.
  bool complete_exchanges() {
    const unsigned alive = lanes_where([](Fibre &lane) { return lane.mode != Mode::Finished; });
    bool is_any_complete = false;
    for (int i = 0; i < number; ++i) {
      if (lanes[i].mode != Mode::InExchange) continue;
      const unsigned mask = lanes[i].mask;
      const unsigned group = lanes_where([mask](Fibre &lane) {
        return lane.mode == Mode::InExchange && lane.mask == mask;
      });
      if (mask & alive & ~group) continue;
      answer(group);
      is_any_complete = true;
    }
    return is_any_complete;
  }

  // Until all lanes wait at a barrier or have returned; false if some wait for lanes that do not
  // come.
  bool run(CpuhipState &state, bool backwards) {
    do {
      for (int i = 0; i < number; ++i) {
        Fibre &lane = lanes[backwards ? number - 1 - i : i];
        if (lane.mode == Mode::Ready) resume(lane, state);
      }
    } while (complete_exchanges());
    return !lanes_where([](Fibre &lane) { return lane.mode == Mode::InExchange; });
  }
};

// ---- one block ----------------------------------------------------------------------------------

static void prepare_block(CpuhipState &state) {
  fibres.assign(volume(state.block_size), Fibre{});
  for (size_t i = 0; i < fibres.size(); ++i) {
    fibres[i].thread = index_in(state.block_size, i);
    fibres[i].stack_pointer = prepared(stack_of(i), begin);
  }
  state.barrier = wait_at_barrier;
  state.exchange = exchange;
}

static bool run_warps(CpuhipState &state, bool backwards) {
  const size_t warps = (fibres.size() + lanes_per_warp - 1) / lanes_per_warp;
  for (size_t i = 0; i < warps; ++i) {
    const size_t first = (backwards ? warps - 1 - i : i) * lanes_per_warp;
    const size_t number = std::min<size_t>(lanes_per_warp, fibres.size() - first);
    if (!Warp{&fibres[first], static_cast<int>(number)}.run(state, backwards)) return false;
  }
  return true;
}

// Let the threads go on that have met at a barrier; how many, or -1 if they are at two.
static int pass_barrier() {
  int waiting = 0, place = 0;
  for (Fibre &fibre : fibres) {
    if (fibre.mode != Mode::AtBarrier) continue;
    if (waiting++ && fibre.place != place) return -1;
    place = fibre.place;
    fibre.mode = Mode::Ready;
  }
  return waiting;
}

const char *run_block(Entry entry, void **arguments, CpuhipState &state, bool backwards) {
  entry_of_block = entry;
  arguments_of_block = arguments;
  prepare_block(state);
  for (;;) {
    if (!run_warps(state, backwards)) return "waits in a shuffle for lanes that do not come";
    const int waiting = pass_barrier();
    if (waiting == 0) return nullptr;
    if (waiting < 0) return "waits at two places for a barrier";
    if (size_t(waiting) < fibres.size() && switched_on("CPUHIP_STRICT_EXIT"))
      return "lets some threads return before a barrier of the others";
  }
}
