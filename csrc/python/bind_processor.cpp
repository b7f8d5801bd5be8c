// Cores, caches and the DRAM behind them: what layers and patterns cost there.

#include <array>
#include <memory>

#include "csrc/core/processor/layers.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

// A constructor by keywords; what is left out keeps its default.
template <std::size_t... i>
void bind_constructor(py::class_<Processor>& c, std::index_sequence<i...>) {
  const Processor none;
  c.def(py::init([](Value<Processor, i>... values) {
          Processor p;
          ((p.*kMember<Processor, i> = values), ...);
          check(p);
          return p;
        }),
        py::kw_only(),
        (py::arg(FieldsOf<Processor>::list[i].key) = none.*kMember<Processor, i>)...);
}

py::dict by_kind(const std::array<double, kKinds>& bytes) {
  const char* const names[] = {"weight", "input", "output", "scratch"};
  py::dict d;
  for (std::size_t i = 0; i < bytes.size(); ++i) d[names[i]] = bytes[i];
  return d;
}

py::dict dict_of(const LayerRun& run) {
  py::dict d;
  d["seconds"] = run.seconds;
  d["compute_seconds"] = run.compute_seconds;
  d["busy_seconds"] = run.busy_seconds;
  d["read_bytes"] = by_kind(run.read_bytes);
  d["written_bytes"] = by_kind(run.written_bytes);
  d["row_hits"] = run.row_hits;
  d["read_latency_seconds"] = run.read_latency;
  d["standard_error_seconds"] = run.standard_error;
  d["simulated"] = run.simulated;
  // As a trace of commands is counted, but not by bank.
  std::vector<std::vector<RankCounts>> counts;
  for (const auto& channel : run.counts) {
    auto& ranks = counts.emplace_back();
    for (const TraceCounts& n : channel) ranks.push_back({n, {}});
  }
  d["counts"] = counts;
  return d;
}

}  // namespace

void bind_processor(py::module_& m) {
  py::class_<Processor> processor(m, "Processor");
  bind_constructor(processor, FieldNumbers<Processor>{});
  bind_fields(processor);

  py::class_<ProcessorRun>(m, "ProcessorRun")
      .def(py::init([](const Processor& p, const std::string& kernel_name,
                       const std::shared_ptr<Rules>& rules, const std::string& map,
                       const std::string& policy) {
             MemoryPort::Options o;
             o.map = map;
             o.policy = parse_policy(policy);
             return std::make_unique<ProcessorRun>(p, kernel(kernel_name), rules, o);
           }),
           py::arg("processor"), py::arg("kernel"), py::arg("rules"), py::arg("map"),
           py::arg("policy"))
      .def(
          "layer",
          [](ProcessorRun& r, const Layer& layer) {
            LayerRun run;
            {
              const py::gil_scoped_release free;
              run = r.run(layer);
            }
            return dict_of(run);
          },
          py::arg("layer"))
      .def(
          "pattern",
          [](ProcessorRun& r, int64_t accesses, int64_t span_bytes, bool random, bool dependent,
             double write_share, int64_t instructions, int64_t seed) {
            check_number("pattern: ", "accesses", static_cast<double>(accesses), 1, 1e12);
            check_number("pattern: ", "span_bytes", static_cast<double>(span_bytes), 1, 1e15);
            check_number("pattern: ", "write_share", write_share, 0, 1);
            check_number("pattern: ", "instructions", static_cast<double>(instructions), 1, 1e6);
            Pattern p;
            p.lines = accesses;
            p.span_bytes = span_bytes;
            p.random = random;
            p.dependent = dependent;
            p.write_share = write_share;
            p.instructions = instructions;
            p.seed = seed;
            LayerRun run;
            {
              const py::gil_scoped_release free;
              run = r.run(p);
            }
            return dict_of(run);
          },
          py::kw_only(), py::arg("accesses"), py::arg("span_bytes"), py::arg("random"),
          py::arg("dependent"), py::arg("write_share"), py::arg("instructions"), py::arg("seed"));
}

}  // namespace eden::python
