# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "The one that asks pays: sets, chains and the plan"
SET, CHAIN, PLAN = (f"trace/core/ftrace_{name}.c"
                    for name in ("set", "chain", "plan"))
HOLES = [
    Hole(SET, "who_calls", "return -ENOMEM;"),
    Hole(SET, "who_after", "*who = (struct who){ .ops = no_calls };\n"
                           "return -ENOMEM;"),
    Hole(SET, "set_make", "return ERR_PTR(-ENOMEM);"),
    Hole(CHAIN, "make_chain", "return 0;"),
    Hole(CHAIN, "ftrace_set_choose_target",
         "set->waits = false;\nset->kind = FTRACE_SET_LIST;\n"
         "set->target = ftrace_list_target(set);"),
    Hole(PLAN, "transition", "return -ENOMEM;"),
    Hole(PLAN, "plan_lines"),
    Hole(PLAN, "plan_add"),
]
TESTS = [
    unit("ftrace_core", "ftrace.one_ops_everywhere", 10),
    unit("ftrace_core", "ftrace.ladder_up_and_down", 10),
    unit("ftrace_core", "ftrace.chain_is_shared", 10),
    unit("ftrace_core", "ftrace.order_of_calls", 10),
    unit("ftrace_direct", "ftrace_direct.with_company", 10),
    unit("ftrace_chain", "ftrace_chain.room_that_returns_is_used_C2", 10),
    unit("ftrace_model", "ftrace_model.every_state_and_change", 20),
    boot("ftrace.counts_with_overlapping_filters", 20),
]
WRONG = [
    Wrong("the order is that of arrival at the site", SET,
          "bool youngest = add &&\n"
          "\t\t\t(!from->nr || ops->seq > from->ops[from->nr - 1]->seq);",
          "bool youngest = add;",
          fails=["ftrace.order_of_calls",
                 "ftrace_model.every_state_and_change"]),
    Wrong("a set forgets its direct caller", SET,
          "\tif (!is_direct) {\n\t\twho->direct = from->direct;",
          "\tif (!is_direct) {\n\t\twho->direct = 0;",
          fails=["ftrace_direct.with_company",
                 "ftrace_model.every_state_and_change"]),
    Wrong("a set without room does not wait", CHAIN,
          "\tif (!chain)\n\t\twait_for_room(set);\n", "",
          fails=["ftrace_chain.room_that_returns_is_used_C2"]),
    Wrong("the first line of a short run is dropped", PLAN,
          "\tfor (; n--; rec++)\n\t\t*patch++ =",
          "\tplan->nr_patches -= n > 1;\n\tif (n > 1)\n\t\tn--, rec++;\n"
          "\tfor (; n--; rec++)\n\t\t*patch++ =",
          fails=["ftrace.order_of_calls",
                 "ftrace_chain.room_that_returns_is_used_C2",
                 "ftrace_model.every_state_and_change"]),
    Wrong("the last line of a long run is dropped", PLAN,
          "plan->nr_patches += n;", "plan->nr_patches += n - is_long;",
          fails=["ftrace.one_ops_everywhere",
                 "ftrace.chain_is_shared",
                 "ftrace.counts_with_overlapping_filters"]),
    Wrong("every set goes to the list function", CHAIN,
          "} else if (set_users(set) == 1) {", "} else if (false) {",
          fails=["ftrace.one_ops_everywhere",
                 "ftrace.ladder_up_and_down",
                 "ftrace_chain.room_that_returns_is_used_C2",
                 "ftrace_model.every_state_and_change",
                 "ftrace.counts_with_overlapping_filters"]),
]
