#include "warrant/book.h"

#include <string.h>

#include "conf/file.h"
#include "conf/json.h"
#include "warrant/change.h"

struct orders_book orders_book_init(unsigned role)
{
	return (struct orders_book){.role = role};
}

void orders_book_forget_text(struct orders_book *book)
{
	if (book->text.len)
		explicit_bzero(book->text.bytes, book->text.len); /* keys, perhaps */
	wr_fini(&book->text);
}

void orders_book_fini(struct orders_book *book)
{
	if (book->has_orders)
		orders_fini(&book->orders);
	orders_book_forget_text(book);
	*book = orders_book_init(book->role);
}

static int print(const struct orders_book *book, struct wr *text)
{
	struct json j;

	*text = wr_init(ORDERS_MAX_MESSAGE);
	j = json_of(text);
	return orders_view_print(&book->orders, book->role, &j);
}

static int complete(struct orders_book *book, int rc, struct why *why)
{
	book->has_orders = !rc;
	if (!rc)
		rc = print(book, &book->text);
	if (!rc)
		rc = orders_digest_of(book->text.bytes, book->text.len, book->digest);
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		orders_book_fini(book);
	}
	return rc;
}

static int take_whole(struct orders_book *book, const struct conf_value *view, struct why *why)
{
	return complete(book, orders_view_read(&book->orders, view, book->role, why), why);
}

int orders_book_take(const struct orders_book *book, const struct conf_value *message,
		     struct orders_book *next, struct why *why)
{
	const struct conf_value *view = conf_value_find(message, "orders");

	*next = orders_book_init(book->role);
	if (view)
		return take_whole(next, view, why);
	if (!book->has_orders)
		return why_set(why, ERR_BAD, "a change came before any orders");
	return complete(next,
			orders_change_apply(&book->orders, message, book->role, &next->orders, why),
			why);
}

int orders_book_load(struct orders_book *book, unsigned role, const char *path, struct why *why)
{
	struct wr w = wr_init((size_t)CONF_MAX_LEN + (128 << 10));
	struct conf_doc *doc = NULL;
	struct why unread;
	int rc;

	*book = orders_book_init(role);
	why_clear(&unread);
	rc = conf_file_read(path, &w, &unread);
	if (rc == ERR_ABSENT) {
		wr_fini(&w);
		return 0;
	}
	if (rc)
		why_set(why, rc, "%s", unread.text);
	if (!rc)
		rc = conf_json_parse(&doc, (const char *)w.bytes, w.len, why);
	if (!rc)
		rc = take_whole(book, conf_doc_root(doc), why);
	if (rc)
		why_place(why, path);
	conf_doc_free(&doc);
	orders_book_forget_text(book);
	if (w.len)
		explicit_bzero(w.bytes, w.len);
	wr_fini(&w);
	return rc;
}

int orders_book_save(const struct orders_book *book, const char *path, struct why *why)
{
	bool is_printed = book->text.len > 0;
	struct wr w = book->text;
	int rc = is_printed ? 0 : print(book, &w);

	if (rc)
		why_set(why, rc, "%s", err_text(rc));
	else
		rc = conf_file_save(path, w.bytes, w.len, why);
	if (is_printed)
		return rc;
	if (w.len)
		explicit_bzero(w.bytes, w.len);
	wr_fini(&w);
	return rc;
}
