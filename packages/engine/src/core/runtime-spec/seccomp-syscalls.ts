// System calls by purpose, of x86 (64 and 32 bits) and ARM (64 and 32 bits); a name that one machine lacks is skipped there.
// https://man7.org/linux/man-pages/man2/syscalls.2.html

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const files = words(`
  access faccessat faccessat2 open openat openat2 creat close close_range read write readv writev pread64 pwrite64
  preadv preadv2 pwritev pwritev2 lseek _llseek stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx
  statfs statfs64 fstatfs fstatfs64 truncate truncate64 ftruncate ftruncate64 fallocate fadvise64 fadvise64_64
  arm_fadvise64_64 sync_file_range sync_file_range2 arm_sync_file_range readahead sendfile sendfile64 copy_file_range
  dup dup2 dup3 fcntl fcntl64 ioctl flock fsync fdatasync sync syncfs umask cachestat
`);

const directories = words(`
  mkdir mkdirat mknod mknodat rmdir link linkat unlink unlinkat symlink symlinkat readlink readlinkat rename renameat
  renameat2 getdents getdents64 readdir chdir fchdir getcwd chroot name_to_handle_at
`);

const attributes = words(`
  chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32 utime utimes utimensat
  utimensat_time64 futimesat getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr
  llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
`);

const waiting = words(`
  poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
  epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
  timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 inotify_init inotify_init1
  inotify_add_watch inotify_rm_watch fanotify_mark io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents
  io_pgetevents_time64 pipe pipe2 splice tee vmsplice
`);

const memory = words(`
  brk mmap mmap2 munmap mremap mprotect madvise process_madvise mincore msync mlock mlock2 mlockall munlock munlockall
  memfd_create memfd_secret membarrier pkey_alloc pkey_free pkey_mprotect remap_file_pages map_shadow_stack mseal
  process_mrelease
`);

const processes = words(`
  fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid setpgid getpgrp getsid
  setsid kill tkill tgkill pidfd_open pidfd_send_signal prctl arch_prctl set_tid_address getrusage getrlimit
  ugetrlimit setrlimit prlimit64 getpriority setpriority nice times uname sysinfo getcpu rseq ptrace seccomp
  landlock_create_ruleset landlock_add_rule landlock_restrict_self
`);

const scheduling = words(`
  sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler
  sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval
  sched_rr_get_interval_time64 ioprio_get ioprio_set
`);

const threads = words(`
  futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list get_thread_area
  set_thread_area
`);

const signals = words(`
  rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend
  rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn pause alarm restart_syscall
`);

const clocks = words(`
  time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
  clock_nanosleep_time64 nanosleep adjtimex clock_adjtime clock_adjtime64 getitimer setitimer timer_create
  timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
`);

const users = words(`
  getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32
  getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32
  setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capget capset
`);

const sockets = words(`
  socketcall socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt shutdown
  send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64
`);

const interprocess = words(`
  ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open
  mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
`);

const random = words("getrandom");

const machine = words(`
  modify_ldt arm_sync_file_range breakpoint cacheflush set_tls get_tls riscv_flush_icache
`);

/** What any program may do: nothing here reaches beyond its own namespaces and capabilities. */
export const ordinarySyscalls: readonly string[] = [
  ...new Set([
    ...files,
    ...directories,
    ...attributes,
    ...waiting,
    ...memory,
    ...processes,
    ...scheduling,
    ...threads,
    ...signals,
    ...clocks,
    ...users,
    ...sockets,
    ...interprocess,
    ...random,
    ...machine,
  ]),
];

/** What a capability is for, beyond what the kernel asks it for in ordinary calls. */
export const syscallsByCapability: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "CAP_SYS_ADMIN",
    words(`
      mount umount umount2 mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick statmount listmount
      pivot_root setns unshare clone clone3 bpf perf_event_open fanotify_init lookup_dcookie quotactl quotactl_fd
      sethostname setdomainname swapon swapoff syslog
    `),
  ],
  ["CAP_SYS_PTRACE", words("kcmp pidfd_getfd process_vm_readv process_vm_writev")],
  ["CAP_SYS_MODULE", words("init_module finit_module delete_module")],
  ["CAP_SYS_TIME", words("settimeofday stime clock_settime clock_settime64")],
  ["CAP_SYS_RAWIO", words("iopl ioperm")],
  ["CAP_SYS_BOOT", words("reboot kexec_load kexec_file_load")],
  ["CAP_SYSLOG", words("syslog")],
  ["CAP_DAC_READ_SEARCH", words("open_by_handle_at")],
  [
    "CAP_SYS_NICE",
    words("get_mempolicy set_mempolicy mbind migrate_pages move_pages set_mempolicy_home_node"),
  ],
  ["CAP_SYS_TTY_CONFIG", words("vhangup")],
  ["CAP_SYS_PACCT", words("acct")],
  ["CAP_BPF", words("bpf")],
  ["CAP_PERFMON", words("perf_event_open")],
]);
