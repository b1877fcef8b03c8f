# SPDX-License-Identifier: MIT
from tools.labs.spec import Hole, Wrong, boot, unit

TITLE = "The way back: hooking the return"
FGRAPH = "trace/graph/fgraph.c"
HOLES = [
    Hole(FGRAPH, "fgraph_shared", "return false;"),
    Hole(FGRAPH, "enter_guarded"),
    Hole(FGRAPH, "fgraph_enter"),
    Hole(FGRAPH, "drop_abandoned", "return stack->top;"),
    Hole(FGRAPH, "ftrace_return_to_handler"),
    Hole(FGRAPH, "ftrace_graph_ret_addr", "return addr;"),
]
# The first user gives each task its shadow stack, for good.
FIRST = "fgraph.a_shadow_stack_for_every_task"
TESTS = [
    unit("fgraph", "fgraph.calls_left_by_force", 20, True),
    unit("fgraph", "fgraph.users_of_a_call_are_as_deep_as_one", 20, True),
    unit("fgraph", "fgraph.overflow_is_counted_and_harmless", 10, True),
    unit("fgraph", "fgraph.a_return_callback_does_not_recurse_R5", 10, True),
    boot("fgraph.one_user_sees_pairs", 10, also=FIRST),
    boot("fgraph.many_users_each_with_its_filter", 10, also=FIRST),
    boot("fgraph.backtraces_see_through", 10, also=FIRST),
    boot("fgraph.frames_of_calls_left_by_force_are_dropped", 10, also=FIRST),
]
WRONG = [
    Wrong("a walk does not see through", FGRAPH,
          "\tif (addr != (unsigned long)return_to_handler || !stack)",
          "\tif (addr || !stack)",
          fails=["fgraph.calls_left_by_force",
                 "fgraph.users_of_a_call_are_as_deep_as_one",
                 "fgraph.overflow_is_counted_and_harmless",
                 "fgraph.a_return_callback_does_not_recurse_R5",
                 "fgraph.backtraces_see_through"]),
    Wrong("frames of calls left by force stay", FGRAPH,
          "\tif (unlikely(frame->retp != retp))\n"
          "\t\tframe = drop_abandoned(stack, retp);\n", "",
          fails=["fgraph.calls_left_by_force",
                 "fgraph.frames_of_calls_left_by_force_are_dropped"]),
    Wrong("no guard at the return", FGRAPH,
          "\tguard = ftrace_guard_enter(FTRACE_GUARD_GRAPH);\n\tbits =",
          "\tguard = 0;\n\tbits =",
          fails=["fgraph.a_return_callback_does_not_recurse_R5"]),
]
