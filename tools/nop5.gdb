# SPDX-License-Identifier: MIT
# `make debug` runs this script: it connects, lets the kernel boot and stops
# before the mode runs. tools/run.py sets $socket and $log.
set pagination off
set confirm off
# Seconds: QEMU answers once it has started, which takes a busy host some.
set remotetimeout 60
set architecture i386:x86-64

define site
  if $argc != 1
    printf "usage: site FUNCTION\n"
  else
    printf "%02x %02x %02x %02x %02x  ", ((unsigned char *)$arg0)[0], \
      ((unsigned char *)$arg0)[1], ((unsigned char *)$arg0)[2], \
      ((unsigned char *)$arg0)[3], ((unsigned char *)$arg0)[4]
    x/i (unsigned char *)$arg0
  end
end
document site
site FUNCTION: the five bytes of a function's call site and what they mean now:
a NOP (not traced), a CALL (traced) or an INT3 (being patched).
end

define log
  eval "shell tail -n %d '%s'", $argc ? $arg0 : 40, $log
end
document log
log [LINES]: what the kernel has said so far on its serial line.
end

eval "target remote %s", $socket
thbreak mode_run
continue
printf "\nAll CPUs are up (info threads). Try: site schedule\n"
