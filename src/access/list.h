/* Lists and indexes whose links lie in the things that they hold. */
#ifndef ACCESS_LIST_H
#define ACCESS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

/* The thing in which a link lies. */
#define ACCESS_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* A ring through a head that holds nothing: head.next is the oldest, head.prev the newest. */
struct access_list {
	struct access_list *prev;
	struct access_list *next;
};

static inline void access_list_init(struct access_list *head)
{
	head->prev = head->next = head;
}

static inline void access_list_drop(struct access_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	access_list_init(link);
}

/* Puts it at the end: it is the newest now. */
static inline void access_list_push(struct access_list *head, struct access_list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* The oldest, or NULL. */
static inline struct access_list *access_list_first(const struct access_list *head)
{
	return head->next == head ? NULL : head->next;
}

/* An entry of an index; holder is NULL where it is in none. */
struct access_entry {
	struct access_entry *next;
	struct access_entry **holder;
	uint64_t hash;
};

/* By hash; several entries may have the same. It never grows: it is made for what its room's
 * limits allow, and memory that is not used costs nothing until it is written. */
struct access_index {
	struct access_entry **at;
	uint64_t mask;
};

static inline int access_index_init(struct access_index *x, uint32_t n)
{
	uint64_t size = 16;

	while (size < n)
		size *= 2;
	x->mask = size - 1;
	x->at = calloc(size, sizeof *x->at);
	return x->at ? 0 : ERR_NOMEM;
}

static inline void access_index_fini(struct access_index *x)
{
	free(x->at);
	x->at = NULL;
}

/* The newest with this hash, and the one before it. */
static inline struct access_entry *access_index_next(struct access_entry *e, uint64_t hash)
{
	while (e && e->hash != hash)
		e = e->next;
	return e;
}

static inline struct access_entry *access_index_first(const struct access_index *x, uint64_t hash)
{
	return access_index_next(x->at[hash & x->mask], hash);
}

static inline void access_index_add(struct access_index *x, struct access_entry *e, uint64_t hash)
{
	struct access_entry **slot = &x->at[hash & x->mask];

	e->hash = hash;
	e->next = *slot;
	e->holder = slot;
	if (e->next)
		e->next->holder = &e->next;
	*slot = e;
}

static inline void access_index_drop(struct access_entry *e)
{
	if (!e->holder)
		return;
	*e->holder = e->next;
	if (e->next)
		e->next->holder = e->holder;
	e->holder = NULL;
}

#endif
