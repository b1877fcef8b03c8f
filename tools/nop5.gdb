# SPDX-License-Identifier: MIT
# `make debug` loads this: connect, then look at call sites.
set architecture i386:x86-64
set pagination off
set print asm-demangle off

define site
  if $argc != 1
    echo usage: site FUNCTION   (its five patchable bytes, as they are now)\n
  else
    output/a &$arg0
    echo \ \ 
    output/x *(unsigned char (*)[5])&$arg0
    echo \ \ 
    x/i &$arg0
  end
end
document site
site FUNCTION: print the five bytes at a function's call site and what they
mean now: a NOP (not traced), a CALL (traced), an INT3 (being patched).
end
