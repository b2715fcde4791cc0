// Modules of compiled kernels, and launching one: block by block, one after another.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <vector>

#include "cpuhip.h"
#include "fibres.h"

struct Module {
  void *library;
  CpuhipState *state;
  bool needs_fibres;
};

struct Kernel {
  Module *module;
  Entry entry;
  std::string name;
};

// ---- modules ------------------------------------------------------------------------------------

static void *load_library(const std::string &bytes) {
  static int serial = 0;  // dlopen knows a library by its path: no two have the same
  TemporaryFolder folder;
  std::string path = folder.file("module-" + std::to_string(serial++) + ".so");
  write_file(path, bytes);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  return library;
}

EXPORT Status hipModuleLoadData(Module **out, const char *code) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  if (memcmp(code, module_mark, module_mark_size)) return failed(InvalidImage);
  uint64_t size;
  memcpy(&size, code + module_mark_size, sizeof size);
  try {
    void *library = load_library(std::string(code + module_mark_size + sizeof size, size));
    auto *state = static_cast<CpuhipState *>(dlsym(library, "cpuhip_state"));
    *out = new Module{library, state, dlsym(library, CPUHIP_NEEDS_FIBRES) != nullptr};
    return Success;
  } catch (const std::exception &error) {
    fprintf(stderr, "cpuhip: %s\n", error.what());
    return failed(InvalidImage);
  }
}

EXPORT Status hipModuleLoad(Module **out, const char *path) {
  std::string code = read_file(path);
  return code.size() < module_mark_size ? failed(InvalidImage)
                                        : hipModuleLoadData(out, code.data());
}

// Kept: a kernel may be used longer than its module.
EXPORT Status hipModuleUnload(Module *) { return Success; }

EXPORT Status hipModuleGetFunction(Kernel **out, Module *module, const char *name) {
  void *entry = dlsym(module->library, (entry_prefix + std::string(name)).c_str());
  if (!entry) return failed(NotFound);
  *out = new Kernel{module, reinterpret_cast<Entry>(entry), name};
  return Success;
}

// The symbol of a __constant__ knows its size.
EXPORT Status hipModuleGetGlobal(void **out, size_t *size, Module *module, const char *name) {
  *out = dlsym(module->library, name);
  if (!*out) return failed(NotFound);
  Dl_info info;
  void *symbol = nullptr;
  dladdr1(*out, &info, &symbol, RTLD_DL_SYMENT);
  if (size) *size = symbol ? static_cast<ElfW(Sym) *>(symbol)->st_size : 0;
  return Success;
}

EXPORT Status hipFuncGetAttribute(int *out, int attribute, void *) {
  const int max_threads_per_block = 0;
  *out = attribute == max_threads_per_block ? 1024 : 0;
  return Success;
}

// ---- dynamic shared memory ----------------------------------------------------------------------

// Every block finds NaN in it, and it lies between guard bands.
class SharedMemory {
 public:
  explicit SharedMemory(size_t size) : size(size), bytes(size + 2 * band + alignment) {
    auto address = reinterpret_cast<uintptr_t>(bytes.data() + band);
    begin = reinterpret_cast<unsigned char *>((address + alignment - 1) / alignment * alignment);
    paint_guard(begin - band, band);
    paint_guard(begin + size, band);
  }
  void *fresh() {
    memset(begin, fresh_byte, size);
    return begin;
  }
  bool is_intact() const {
    return is_guard_intact(begin - band, band) && is_guard_intact(begin + size, band);
  }

 private:
  static constexpr size_t band = 256, alignment = 64;
  size_t size;
  std::vector<unsigned char> bytes;
  unsigned char *begin;
};

// ---- launching ----------------------------------------------------------------------------------

static const size_t max_threads = 1024, max_shared = 49152;

static bool is_allowed(const CpuhipIndex &grid, const CpuhipIndex &block, size_t shared) {
  return volume(grid) && volume(block) && grid.x <= INT32_MAX && grid.y <= 65535 &&
         grid.z <= 65535 && block.z <= 64 && volume(block) <= max_threads && shared <= max_shared;
}

static void barrier_without_fibres(int) { abort(); }
static unsigned long long exchange_without_fibres(unsigned long long, int, unsigned) { abort(); }

// Threads that never wait for each other simply run one after another.
static const char *run_in_turn(Entry entry, void **arguments, CpuhipState &state, bool backwards) {
  state.barrier = barrier_without_fibres;
  state.exchange = exchange_without_fibres;
  const size_t threads = volume(state.block_size);
  for (size_t i = 0; i < threads; ++i) {
    size_t thread = backwards ? threads - 1 - i : i;
    state.thread = index_in(state.block_size, thread);
    state.lane = static_cast<int>(thread % lanes_per_warp);
    entry(arguments);
  }
  return nullptr;
}

static const char *run_grid(const Kernel &kernel, void **arguments, SharedMemory &shared) {
  CpuhipState &state = *kernel.module->state;
  const bool backwards = switched_on("CPUHIP_REVERSE");
  const auto run = kernel.module->needs_fibres ? run_block : run_in_turn;
  const size_t blocks = volume(state.grid_size);
  for (size_t i = 0; i < blocks; ++i) {
    state.block = index_in(state.grid_size, backwards ? blocks - 1 - i : i);
    state.dynamic_shared = shared.fresh();
    if (const char *wrong = run(kernel.entry, arguments, state, backwards)) return wrong;
    if (!shared.is_intact()) return "writes outside its shared memory";
  }
  return nullptr;
}

EXPORT Status hipModuleLaunchKernel(Kernel *kernel, unsigned grid_x, unsigned grid_y,
                                    unsigned grid_z, unsigned block_x, unsigned block_y,
                                    unsigned block_z, unsigned shared_size, void *,
                                    void **arguments, void **) {
  std::lock_guard<std::recursive_mutex> locked(everything());
  count("launch");
  count("launch " + kernel->name);
  if (switched_on("CPUHIP_TRACE"))
    fprintf(stderr, "cpuhip: launch %s grid %u,%u,%u block %u,%u,%u shared %u\n",
            kernel->name.c_str(), grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_size);
  CpuhipState &state = *kernel->module->state;
  state.grid_size = {grid_x, grid_y, grid_z};
  state.block_size = {block_x, block_y, block_z};
  if (!is_allowed(state.grid_size, state.block_size, shared_size)) return failed(InvalidValue);
  try {
    SharedMemory shared(shared_size);
    const char *wrong = run_grid(*kernel, arguments, shared);
    if (!wrong) return Success;
    fprintf(stderr, "cpuhip: kernel %s %s\n", kernel->name.c_str(), wrong);
    return failed(LaunchFailure);
  } catch (const std::exception &error) {
    fprintf(stderr, "cpuhip: %s\n", error.what());
    return failed(OutOfMemory);
  }
}
