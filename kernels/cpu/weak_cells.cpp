#include "kernels/cpu/weak_cells.h"

#include <algorithm>
#include <memory>

#include "kernels/access/kept.h"
#include "kernels/cpu/weak/weak.h"
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
  const auto weak = std::make_unique<WeakCells>();
  for (int64_t unit = unit_begin; unit < unit_end && words() > 0; ++unit) {
    auto& cells = cells_[static_cast<size_t>(unit)];
    find_weak_cells(params_, summary_, draw(isa()), bits_.part(unit), weak.get());
    for (int i = 0; i < weak->count; ++i) {
      // Unlisted words are counted all.
      append_lanes(*weak, weak->count == kSegmentWords ? i : weak->words[i], &cells);
    }
    weak->clear();
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
  auto* to = reinterpret_cast<uint16_t*>(words + KeptCells::cells_at(units()));
  int64_t before = 0;
  for (int64_t unit = 0; unit < units(); ++unit) {
    const auto& cells = cells_[static_cast<size_t>(unit)];
    words[1 + unit] = static_cast<int32_t>(before);
    std::copy(cells.begin(), cells.end(), to + before);
    before += static_cast<int64_t>(cells.size());
  }
  words[1 + units()] = static_cast<int32_t>(before);
  if (before % 2 != 0) to[before] = 0;
}

}  // namespace eden
