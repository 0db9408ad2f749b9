/* Lists and indexes whose links lie in the things that they hold. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

/* The thing in which a link lies. */
#define LIST_OWNER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* A ring through a head that holds nothing: head.next is the oldest, head.prev the newest. */
struct list {
	struct list *prev;
	struct list *next;
};

static inline void list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline void list_drop(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Puts it at the end: it is the newest now. */
static inline void list_push(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* The oldest, or NULL. */
static inline struct list *list_first(const struct list *head)
{
	return head->next == head ? NULL : head->next;
}

/* An entry of an index; holder is NULL where it is in none. */
struct index_entry {
	struct index_entry *next;
	struct index_entry **holder;
	uint64_t hash;
};

/* By hash; several entries may have the same. It never grows: it is made for what its room's
 * limits allow, and memory that is not used costs nothing until it is written. */
struct index {
	struct index_entry **at;
	uint64_t mask;
};

static inline int index_init(struct index *x, uint32_t n)
{
	uint64_t size = 16;

	while (size < n)
		size *= 2;
	x->mask = size - 1;
	x->at = calloc(size, sizeof *x->at);
	return x->at ? 0 : ERR_NOMEM;
}

static inline void index_fini(struct index *x)
{
	free(x->at);
	x->at = NULL;
}

/* The newest with this hash, and the one before it. */
static inline struct index_entry *index_next(struct index_entry *e, uint64_t hash)
{
	while (e && e->hash != hash)
		e = e->next;
	return e;
}

static inline struct index_entry *index_first(const struct index *x, uint64_t hash)
{
	return index_next(x->at[hash & x->mask], hash);
}

static inline void index_add(struct index *x, struct index_entry *e, uint64_t hash)
{
	struct index_entry **slot = &x->at[hash & x->mask];

	e->hash = hash;
	e->next = *slot;
	e->holder = slot;
	if (e->next)
		e->next->holder = &e->next;
	*slot = e;
}

static inline void index_drop(struct index_entry *e)
{
	if (!e->holder)
		return;
	*e->holder = e->next;
	if (e->next)
		e->next->holder = e->holder;
	e->holder = NULL;
}

#endif
