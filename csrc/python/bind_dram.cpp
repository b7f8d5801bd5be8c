// The DRAM engine: memories and their rules, traces of requests and commands, what they cost.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "csrc/core/controller/simulation.h"
#include "csrc/core/energy/trace_energy.h"
#include "csrc/core/fields/fields.h"
#include "csrc/python/bind_values.h"

namespace eden::python {
namespace {

using RulesPointer = std::shared_ptr<Rules>;

// A trace of commands, piece by piece: counted, and held against the rules if that is asked.
class CommandTrace {
 public:
  CommandTrace(RulesPointer rules, std::string file, const std::string& format,
               const std::string& counting_name, bool check, bool refresh, std::size_t limit)
      : rules_(std::move(rules)),
        reader_(std::move(file), rules_->memory().organisation, command_format(format)),
        counted_(rules_->memory(), counting(counting_name)),
        checker_(*rules_, refresh, limit),
        check_(check) {}

  void feed(std::string_view piece) {
    reader_.feed(piece, [this](const Issued& c) {
      ++commands_;
      if (check_) return checker_.add(c);
      if (c.clock < counted_.last_clock()) {
        const std::string after = " after clock " + std::to_string(counted_.last_clock());
        refuse("", "clock", std::to_string(c.clock) + after, "clocks that do not go back");
      }
      counted_.add(c);
    });
  }
  std::vector<RankCounts> finish(bool close) {
    reader_.finish();
    if (check_) checker_.finish();
    if (close) counted_.close(rules_->memory());
    return counted_.finish(reader_.end());
  }
  py::list violations() const {
    py::list list;
    for (const Violation& v : checker_.violations()) {
      py::dict d;
      d["index"] = v.index;
      d["clock"] = v.command.clock;
      d["command"] = name_of(v.command.command);
      d["bank"] = v.command.bank;
      d["rule"] = v.rule;
      d["from_clock"] = v.from_clock;
      d["said"] = said(v);
      list.append(d);
    }
    return list;
  }
  int64_t count() const { return checker_.count(); }
  int64_t commands() const { return commands_; }

 private:
  RulesPointer rules_;
  CommandReader reader_;
  Counted counted_;
  Checker checker_;
  bool check_;
  int64_t commands_ = 0;
};

py::dict dict_of(const Served& s) {
  py::dict d;
  d["reads"] = s.reads;
  d["writes"] = s.writes;
  d["forwarded"] = s.forwarded;
  d["row_hits"] = s.row_hits;
  d["latency"] = s.latency;
  d["latency_from_arrival"] = py::int_(py::float_(s.latency_from_arrival));
  d["longest_latency"] = s.longest_latency;
  d["last_column_clock"] = s.last_column_clock;
  d["data_end_clock"] = s.data_end_clock;
  return d;
}

VoltageLaws laws_of(const std::string& preset,
                    const std::map<std::string, std::pair<double, double>>& own) {
  VoltageLaws laws = voltage_laws(preset);
  const std::pair<const char*, ComponentLaw*> known[] = {{"array", &laws.array},
                                                         {"column", &laws.column},
                                                         {"background", &laws.background},
                                                         {"refresh", &laws.refresh},
                                                         {"interface", &laws.interface}};
  for (const auto& [name, law] : own) {
    const auto* found = std::find_if(std::begin(known), std::end(known),
                                     [&name = name](const auto& k) { return name == k.first; });
    if (found == std::end(known)) {
      refuse("", "component", shown_text(name), "array, column, background, refresh, interface");
    }
    check_number("", name + " share", law.first, 0, 1);
    check_number("", name + " power", law.second, 0, 10);
    *found->second = {law.first, law.second};
  }
  return laws;
}

py::dict dict_of(const SupplyEnergy& e) {
  py::dict d = python::dict_of(e.core);
  d["power_down"] = e.power_down;
  d["self_refresh"] = e.self_refresh;
  return d;
}

}  // namespace

void bind_dram(py::module_& m) {
  m.def(
      "column_factor",
      [](double ratio, const std::string& law,
         const std::map<std::string, std::pair<double, double>>& own) {
        return laws_of(law, own).column.factor(ratio);
      },
      "Energy of reads and writes in the core over that at the rated voltage.", py::arg("ratio"),
      py::arg("law"), py::arg("laws"));
  py::class_<TraceCounts> counts(m, "TraceCounts");
  bind_init<true>(counts, FieldNumbers<TraceCounts>{},
                  [](const TraceCounts& n) { check_fields(n, "TraceCounts: "); });
  bind_fields(counts);
  py::class_<BankCounts> bank_counts(m, "BankCounts");
  bind_init<true>(bank_counts, FieldNumbers<BankCounts>{},
                  [](const BankCounts& n) { check_fields(n, "BankCounts: "); });
  bind_fields(bank_counts);

  m.def(
      "memory_standard", [](const std::string& json) { return parse_memory(json).standard; },
      py::arg("json"));
  py::class_<Rules, RulesPointer>(m, "DramRules")
      .def(py::init([](const std::string& json, const std::string& table, const std::string& file,
                       std::optional<int64_t> trcd) {
             Memory memory = parse_memory(json);
             if (trcd) memory = with_trcd(std::move(memory), *trcd);
             auto rules = std::make_shared<Rules>(std::move(memory), parse_standard(table, file));
             check_burst(*rules);
             return rules;
           }),
           py::arg("json"), py::arg("table"), py::arg("file"), py::arg("trcd") = std::nullopt)
      .def_property_readonly("name", [](const Rules& r) { return r.memory().name; })
      .def_property_readonly("standard", [](const Rules& r) { return r.standard().name; })
      .def_property_readonly("clocks", [](const Rules& r) { return r.memory().clocks; })
      .def_property_readonly("clock_seconds",
                             [](const Rules& r) { return r.memory().clock_seconds; })
      .def_property_readonly("vdd_volts", [](const Rules& r) { return r.memory().main.volts; })
      .def_property_readonly("powers_down",
                             [](const Rules& r) {
                               return r.memory().main.idd2p_fast >= 0 &&
                                      r.memory().clocks_or("tXP", 0) > 0;
                             })
      .def_property_readonly("chips", [](const Rules& r) { return r.memory().organisation.chips; })
      .def_property_readonly("banks", &Rules::banks)
      .def_property_readonly("request_bytes",
                             [](const Rules& r) { return r.memory().organisation.request_bytes; })
      .def_property_readonly("size_bytes",
                             [](const Rules& r) { return r.memory().organisation.size_bytes(); })
      .def(
          "place",
          [](const Rules& r, const std::string& map, uint64_t address) {
            const Place p = BitMap(r.memory().organisation, map).place(address);
            return py::make_tuple(p.channel, p.rank, p.group, p.bank, p.row, p.column);
          },
          py::arg("map"), py::arg("address"))
      .def(
          "address",
          [](const Rules& r, const std::string& map, const std::array<int64_t, 6>& p) {
            return BitMap(r.memory().organisation, map)
                .address({p[0], p[1], p[2], p[3], p[4], p[5]});
          },
          py::arg("map"), py::arg("place"))
      .def(
          "energy",
          [](const Rules& r, const TraceCounts& n, double volts, const std::string& law,
             const std::map<std::string, std::pair<double, double>>& own) {
            const TraceEnergy e = trace_energy(r.memory(), n, volts, laws_of(law, own));
            py::dict d;
            d["main"] = dict_of(e.main);
            if (r.memory().second) d["second"] = dict_of(e.second);
            d["read_interface"] = e.read_interface;
            d["write_termination"] = e.write_termination;
            d["total"] = e.total();
            return d;
          },
          py::arg("counts"), py::arg("vdd_volts"), py::arg("law"), py::arg("laws"))
      .def(
          "bank_energy",
          [](const Rules& r, const BankCounts& n, double volts, const std::string& law,
             const std::map<std::string, std::pair<double, double>>& own) {
            return python::dict_of(bank_energy(r.memory(), n, volts, laws_of(law, own)));
          },
          py::arg("counts"), py::arg("vdd_volts"), py::arg("law"), py::arg("laws"));

  py::class_<RankCounts> rank_counts(m, "RankCounts");
  rank_counts.def_readonly("counts", &RankCounts::counts).def_readonly("banks", &RankCounts::banks);
  bind_value(
      rank_counts,
      [](const RankCounts& n) { return py::make_tuple(n.counts, py::tuple(py::cast(n.banks))); },
      [](const py::tuple& t) {
        if (t.size() != 2) {
          refuse("pickle: ", "number of fields", t.size(), "2, as in this version");
        }
        return RankCounts{t[0].cast<TraceCounts>(), t[1].cast<std::vector<BankCounts>>()};
      });

  py::class_<CommandTrace>(m, "CommandTrace")
      .def(py::init<RulesPointer, std::string, const std::string&, const std::string&, bool, bool,
                    std::size_t>(),
           py::arg("rules"), py::arg("file"), py::arg("format"), py::arg("counting"),
           py::arg("check"), py::arg("refresh"), py::arg("limit"))
      .def(
          "feed", [](CommandTrace& t, const py::bytes& piece) { t.feed(piece); }, py::arg("piece"))
      .def("finish", &CommandTrace::finish, py::arg("close"))
      .def_property_readonly("violations", &CommandTrace::violations)
      .def_property_readonly("count", &CommandTrace::count)
      .def_property_readonly("commands", &CommandTrace::commands);

  py::class_<Simulation>(m, "Simulation")
      .def(py::init([](RulesPointer rules, std::string file, const std::string& map,
                       const std::string& policy, const std::string& format,
                       const std::string& commands, const std::string& counting_name, bool close) {
             SimulationOptions o;
             o.map = map;
             o.policy = parse_policy(policy);
             o.format = request_format(format);
             o.commands = command_format(commands);
             o.counting = counting(counting_name);
             o.close = close;
             return std::make_unique<Simulation>(std::move(rules), std::move(file), o);
           }),
           py::arg("rules"), py::arg("file"), py::arg("map"), py::arg("policy"), py::arg("format"),
           py::arg("commands"), py::arg("counting"), py::arg("close"))
      .def(
          "feed", [](Simulation& s, const py::bytes& piece) { s.feed(piece); }, py::arg("piece"))
      .def("finish", &Simulation::finish, py::arg("until"))
      .def(
          "take_commands",
          [](Simulation& s, std::size_t i) { return py::bytes(s.take_commands(i)); },
          py::arg("channel"))
      .def(
          "served", [](const Simulation& s, std::size_t i) { return dict_of(s.served(i)); },
          py::arg("channel"))
      .def(
          "counts", [](const Simulation& s, std::size_t i) { return s.counts(i); },
          py::arg("channel"))
      .def_property_readonly("channels", &Simulation::channels)
      .def_property_readonly("requests", &Simulation::requests);
}

}  // namespace eden::python
