#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "csrc/core/timing/rules.h"

// A memory small enough to work out by hand: 2 groups of 2 banks of 8 rows of 4 requests of 64
// bytes. Every clock is another number, so that no rule can stand for another.
inline nlohmann::json small_memory() {
  return nlohmann::json::parse(R"({
    "name": "small", "standard": "SMALL",
    "geometry": {"chips": 2, "chip_width": 64, "bank_groups": 2, "banks_per_group": 2, "rows": 8,
                 "row_bytes": 256, "request_bytes": 64},
    "tCK_ns": 2,
    "clocks": {"BL": 2, "CL": 5, "CWL": 3, "tRCD": 6, "tRCDW": 4, "tRP": 7, "tRAS": 20, "tRC": 30,
               "tRRD_S": 3, "tRRD_L": 8, "tFAW": 40, "tCCD_S": 2, "tCCD_L": 9, "tWTR_S": 10,
               "tWTR_L": 12, "tWR": 11, "tRTP": 13, "tRFC": 50, "tREFI": 500, "rd_to_wr": 14,
               "tRFCpb": 25, "tXP": 15, "tXS": 60, "tXSDLL": 70, "tXPDLL": 16},
    "currents_mA": {"IDD0": 60, "IDD2N": 20, "IDD3N": 30, "IDD4R": 130, "IDD4W": 120, "IDD5": 150,
                    "IDD2P0": 4, "IDD2P1": 8, "IDD3P0": 6, "IDD3P1": 10, "IDD6": 5},
    "vdd": 1.5
  })");
}

inline const char* small_table() {
  return "# A comment\n"
         "standard SMALL\n"
         "ACT       RD,RDA           bank   tRCD\n"
         "ACT       WR,WRA           bank   tRCDW\n"
         "ACT       PRE              bank   tRAS\n"
         "ACT       ACT              bank   tRC\n"
         "ACT       ACT,REF,REFB,SRE bank   tRAS+tRP\n"
         "RD        PRE              bank   tRTP\n"
         "WR        PRE              bank   CWL+BL+tWR\n"
         "RDA       ACT,REF,REFB,SRE bank   tRTP+tRP\n"
         "WRA       ACT,REF,REFB,SRE bank   CWL+BL+tWR+tRP\n"
         "PRE,PREA  ACT,REF,REFB,SRE bank   tRP\n"
         "ACT       ACT              rank   tRRD_S\n"
         "ACT       ACT              group  tRRD_L\n"
         "ACT       ACT              rank   tFAW       4\n"
         "RD,RDA    RD,RDA           rank   max(tCCD_S,BL)\n"
         "WR,WRA    WR,WRA           rank   max(tCCD_S,BL)\n"
         "RD,RDA    RD,RDA           group  tCCD_L\n"
         "WR,WRA    WR,WRA           group  tCCD_L\n"
         "RD,RDA    WR,WRA           rank   rd_to_wr\n"
         "WR,WRA    RD,RDA           rank   CWL+BL+tWTR_S\n"
         "WR,WRA    RD,RDA           group  CWL+BL+tWTR_L\n"
         "RD,RDA    RD,RDA           others BL+tRTRS?\n"
         "REF       ACT,REF,REFB,SRE rank   tRFC\n"
         "REFB      ACT,REFB         bank   tRFCpb\n"
         "REFB      REFB,REF         rank   tRFCpb\n"
         "PDX       ACT,PRE,PREA,RD,WR,REF,SRE,PDE rank tXP\n"
         "SRE       SRX              rank   1\n"
         "SRX       ACT,REF,SRE      rank   tXS\n";
}

inline eden::Rules small_rules(const nlohmann::json& memory = small_memory()) {
  return eden::Rules(eden::parse_memory(memory.dump()),
                     eden::parse_standard(small_table(), "small.txt"));
}
