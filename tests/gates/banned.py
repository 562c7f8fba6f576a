"""Calls that are not made here, each with what to use instead."""

import re

from gate import c_files, line_of, run, shown, without_comments_and_strings

BANNED = {
    r"strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|gets": "base/text.h or GString: bounded and always terminated",
    r"strtok|strtok_r|strsep": "g_strsplit",
    r"scanf|sscanf|fscanf|vsscanf": "base/text.h: a parser that sees overflow and trailing bytes",
    r"atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|strtod|strtof": "base/text.h: a parser that sees overflow and trailing bytes",
    r"rand|srand|rand_r|random|srandom|drand48|g_random_\w+|g_rand_\w+": "base/random.h: seeded, given by the caller",
    r"alloca|g_alloca|g_newa\w*": "the heap: the stack's size is no one's to give away",
    r"malloc|calloc|realloc|strdup|strndup|asprintf|vasprintf": "GLib's, which abort when memory is out",
    r"system|popen|fork|vfork|execl\w*|execv\w*|posix_spawn\w*": "nothing: this program starts no others",
    r"g_mutex_\w+|g_cond_\w+|g_rec_mutex_\w+|g_rw_lock_\w+|g_async_queue_\w+|g_thread_\w+|g_once\w*|g_private_\w+":
        "base/thread.h: ThreadSanitizer does not see GLib's locks",
    r"GMutex|GCond|GAsyncQueue|GThreadPool|GThread|GRWLock|GRecMutex": "base/thread.h: ThreadSanitizer does not see GLib's locks",
    r"g_idle_\w+|g_timeout_\w+|g_main_loop_\w+": "blocking code: no callbacks in the stories",
    r"tolower|toupper|isalpha|isdigit|isalnum|isspace|isupper|islower|isxdigit|ispunct|isprint|strcasecmp|strncasecmp":
        "g_ascii_*: the locale must not decide",
    r"setlocale|uselocale|strcoll|strxfrm": "nothing: output does not depend on the locale",
    r"gmtime|gmtime_r|localtime|localtime_r|mktime|ctime|asctime|strftime|strptime|time|gettimeofday|clock_gettime|g_get_real_time|g_get_monotonic_time":
        "base/clock.h: time is given, not taken",
    r"signal|setjmp|longjmp|sigsetjmp|siglongjmp": "sigaction in main.c",
    r"tmpnam|tempnam|mktemp": "mkstemp or g_file_open_tmp",
    r"sleep|usleep|nanosleep|g_usleep": "base/clock.h: waits can be cancelled and simulated",
    r"getenv|g_getenv|setenv|putenv|unsetenv|g_setenv|g_unsetenv": "the configuration, which reads the environment in one place",
    r"exit|_exit|quick_exit|abort": "returning an error; main decides the exit code",
}  # fmt: skip
# The one place that wraps what everybody else must not call.
ALLOWED_IN = {
    "clock_gettime": ("src/base/clock.c", "src/base/thread.c"),
    "g_get_real_time": ("src/base/clock.c",),
    "g_get_monotonic_time": ("src/base/clock.c",),
    "gettimeofday": ("src/base/clock.c",),
    "nanosleep": ("src/base/clock.c",),
    "gmtime_r": ("src/base/clock.c", "src/base/log.c"),
    "strtoll": ("src/base/text.c",),
    "strtoull": ("src/base/text.c",),
    "strtod": ("src/base/text.c",),
    "exit": ("src/main.c", "sandbox/main.c"),
    "_exit": ("src/main.c", "sandbox/main.c"),
    "getenv": ("src/cli/", "src/main.c"),
    "g_getenv": ("src/cli/", "src/main.c"),
    "g_unsetenv": ("src/net/wire.c",),
    "malloc": ("src/base/json.c", "src/base/arena.c"),
    "realloc": ("src/base/arena.c",),
}
TYPES = {"GMutex", "GCond", "GAsyncQueue", "GThreadPool", "GThread", "GRWLock", "GRecMutex"}
# Tests set up the world they need; the rules about strings and threads hold there too.
LOOSE_FOLDERS = ("tests/", "bench/")
LOOSE = re.compile(
    r"(signal|exec\w+|g_setenv|g_unsetenv|setenv|unsetenv|getenv|g_getenv|setlocale|fork|exit|_exit|abort|sleep|usleep|nanosleep|g_usleep"
    r"|time|clock_gettime|g_get_real_time|g_get_monotonic_time|malloc|calloc|realloc|system|popen|g_random_\w+|g_test_rand\w*)$"
)
RULES = [(re.compile(rf"(?<![\w.>])({names})\s*\("), advice) for names, advice in BANNED.items() if "GMutex" not in names]
TYPE_RULE = re.compile(rf"\b({'|'.join(sorted(TYPES))})\b")


def is_allowed(name, where):
    if any(where.startswith(folder) for folder in LOOSE_FOLDERS) and LOOSE.match(name):
        return True
    return any(where == place or (place.endswith("/") and where.startswith(place)) for place in ALLOWED_IN.get(name, ()))


def check(root):
    for path in c_files(root):
        where = shown(path, root)
        code = without_comments_and_strings(path.read_text())
        for rule, advice in RULES + [(TYPE_RULE, "base/thread.h")]:
            for match in rule.finditer(code):
                if not is_allowed(match.group(1), where):
                    yield f"{where}:{line_of(code, match.start())}: {match.group(1)} is banned; use {advice}"


def calling(name):
    return {"src/core/a.c": f"void f(void)\n{{\n  {name}(a, b);\n}}\n"}


BAD = {name: calling(name) for name in (
    "strcpy", "sprintf", "gets", "strtok", "atoi", "strtol", "rand", "g_random_int", "alloca", "malloc", "system", "popen", "fork",
    "g_mutex_lock", "g_thread_new", "g_idle_add", "g_timeout_add", "tolower", "isalpha", "strcasecmp", "setlocale", "gmtime",
    "localtime", "time", "clock_gettime", "signal", "mktemp", "usleep", "getenv", "exit", "abort",
)}  # fmt: skip
BAD["a GLib lock"] = {"src/net/a.h": "struct x {\n  GMutex lock;\n};\n"}
BAD["a banned call in a test"] = {"tests/unit/a.c": "void f(void)\n{\n  strcpy(a, b);\n}\n"}
GOOD = {
    "a name that only contains one": {"src/a.c": "void f(void)\n{\n  run_time(1);\n  x->time(2);\n  job.exit(3);\n}\n"},
    "a comment and a string": {"src/a.c": '/* strcpy(a, b) */\nconst char *s = "system(1)";\n'},
    "the one place that wraps it": {"src/base/clock.c": "void f(void)\n{\n  clock_gettime(a, b);\n}\n"},
}

if __name__ == "__main__":
    run("banned calls", check, BAD, GOOD)
