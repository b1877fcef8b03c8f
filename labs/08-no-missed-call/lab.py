# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "No missed call: a target is exchanged under load"
EXCHANGE = "trace/core/ftrace_exchange.c"
HOLES = [
    Hole(EXCHANGE, "exchange", "return -ENOMEM;"),
    Hole(EXCHANGE, "stub_add", "return -ENOMEM;"),
    Hole(EXCHANGE, "stub_remove", "return 0;"),
    Hole(EXCHANGE, "exchange_by_stub", "return -ENOMEM;"),
]
SHORT = "rounds=60"
TESTS = [
    unit("ftrace_exchange", "ftrace_exchange.in_one_step", 10),
    unit("ftrace_exchange", "ftrace_exchange.by_stub", 10),
    unit("ftrace_exchange",
         "ftrace_exchange.one_step_where_chains_fit_beside_chains", 10),
    boot("direct.no_call_missed_one_function", 15, append=SHORT),
    boot("direct.no_call_missed_100_functions", 10, append=SHORT),
    boot("direct.no_call_missed_by_stub", 15, append=SHORT),
    boot("direct.no_call_missed_by_stub_with_guests", 10, append=SHORT),
    boot("direct_life.modify_waits_D2", 10, append=SHORT),
    boot("direct_life.modify_by_stub_waits_D2", 10, append=SHORT),
]
WRONG = [
    Wrong("the stub stays", EXCHANGE,
          "\tftrace_retire(retired);\n\tstub_remove(retired);\n\treturn err;",
          "\tftrace_retire(retired);\n\treturn err;",
          fails=["ftrace_exchange.by_stub",
                 "direct.no_call_missed_by_stub",
                 "direct_life.modify_waits_D2",
                 "direct_life.modify_by_stub_waits_D2"]),
    Wrong("the stub goes before the targets change", EXCHANGE,
          "\terr = exchange(ops, addr, filter, false, retired);\n"
          "\tif (!stubbed)",
          "\tstub_remove(retired);\n"
          "\terr = exchange(ops, addr, filter, false, retired);\n"
          "\tif (!stubbed)",
          fails=["ftrace_exchange.by_stub",
                 "direct_life.modify_by_stub_waits_D2"]),
]
SCENE = "exchange"
