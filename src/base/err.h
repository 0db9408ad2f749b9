/* The one way in which Weir's functions say that they failed. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* Functions return 0 (or a count) or one of these, all negative. */
#define ERRS(X)                                                                                    \
	X(-1, NOMEM, "out of memory")                                                              \
	X(-2, IO, "input or output failed")                                                        \
	X(-3, CUT, "the data ends in the middle of a record")                                      \
	X(-4, BAD, "the data breaks its format's rules")                                           \
	X(-5, UNKNOWN, "no format or name that is known")                                          \
	X(-6, UNSUPPORTED, "known, but cannot be done")                                            \
	X(-7, FULL, "no room left")                                                                \
	X(-8, END, "nothing more will come")                                                       \
	X(-9, USAGE, "the request makes no sense")                                                 \
	X(-10, ACCESS, "permission denied")                                                        \
	X(-11, ABSENT, "no such file or device")                                                   \
	X(-12, AGAIN, "nothing now, ask again")                                                    \
	X(-13, STOPPED, "stopped on request")

enum err {
#define X(value, name, text) ERR_##name = value,
	ERRS(X)
#undef X
};

/* A sentence for an error; never NULL. */
const char *err_text(int err);

/* The nearest enum err for an errno value; ERR_IO where none is nearer. */
int err_of_errno(int errnum);

#endif
