#include "kernels/cpu/weak_cells.h"

#include <algorithm>

#include "kernels/access/kept.h"
#include "kernels/cpu/weak/workspace.h"
#include "kernels/law/cells.h"

namespace eden {
namespace {

void append_lanes(const WeakCells& weak, int word, std::vector<uint16_t>* cells) {
  for (uint32_t lanes = weak.mask[word]; lanes != 0; lanes &= lanes - 1) {
    cells->push_back(static_cast<uint16_t>(32 * word + lowest_bit(lanes)));
  }
}

}  // namespace

WeakCellsPlan::WeakCellsPlan(const InjectParams& params, int64_t most_bytes)
    : params_(params), bits_(params), most_bytes_(most_bytes) {
  if (bits_.segments() == 0) return;
  summary_ = summarize(params, bits_);
  cells_.resize(static_cast<size_t>(bits_.segments()));
}

void WeakCellsPlan::run(int64_t unit_begin, int64_t unit_end) {
  const Search search{params_, summary_, draw(isa())};
  Workspace& work = workspace();
  WeakCells& weak = work.weak;
  for (int64_t unit = unit_begin; unit < unit_end && words() > 0; ++unit) {
    auto& cells = cells_[static_cast<size_t>(unit)];
    find_weak_cells(search, bits_.part(unit), &work.room, &weak);
    if (weak.list == WeakCells::List::kLeftOut) {
      for (int word = 0; word < kSegmentWords; ++word) append_lanes(weak, word, &cells);
    } else {
      for (int i = 0; i < weak.count; ++i) append_lanes(weak, weak.words[i], &cells);
    }
    weak.clear();
    found_ += static_cast<int64_t>(cells.size());
  }
}

int64_t WeakCellsPlan::words() const {
  const int64_t words = KeptCells::words(units(), found_);
  return 4 * words > most_bytes_ || found_ > KeptCells::kMost ? 0 : words;
}

void WeakCellsPlan::write(int32_t* words) const {
  words[0] = (summary_.always_fails ? KeptCells::kAlwaysFails : 0) |
             (summary_.by_stored_bit ? KeptCells::kByStoredBit : 0) |
             (summary_.any_dense ? KeptCells::kAnyDense : 0);
  auto* to = reinterpret_cast<char*>(words + KeptCells::cells_at(units()));
  int64_t before = 0;
  for (int64_t unit = 0; unit < units(); ++unit) {
    const auto& cells = cells_[static_cast<size_t>(unit)];
    words[1 + unit] = static_cast<int32_t>(before);
    std::copy_n(reinterpret_cast<const char*>(cells.data()), 2 * cells.size(), to + 2 * before);
    before += static_cast<int64_t>(cells.size());
  }
  words[1 + units()] = static_cast<int32_t>(before);
  if (before % 2 != 0) std::fill_n(to + 2 * before, 2, char{0});
}

}  // namespace eden
