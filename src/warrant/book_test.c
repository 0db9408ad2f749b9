#include "warrant/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "conf/file.h"
#include "conf/json.h"
#include "conf/record.h"
#include "warrant/sample.h"

static char folder[] = "/tmp/orders-book-XXXXXX";
static char path[64];

/* What the provisioner says: the whole view, in a message. */
static void whole(struct conf_doc **doc, unsigned role)
{
	const struct orders_daemon daemon = {role, "med-1", {0}};
	struct wr w = wr_init(1 << 20);
	struct json j = json_of(&w);
	struct orders o, view;
	struct why why;

	why_clear(&why);
	json_open(&j, '{');
	json_key(&j, "type");
	json_text(&j, "orders");
	json_key(&j, "orders");
	if (orders_parse(&o, orders_sample, strlen(orders_sample), &why) ||
	    orders_view(&o, &daemon, &view) || orders_view_print(&view, role, &j))
		exit(1);
	json_close(&j, '}');
	if (conf_json_parse(doc, (char *)w.bytes, w.len, &why))
		exit(1);
	orders_fini(&view);
	orders_fini(&o);
	wr_fini(&w);
}

static int take(const struct orders_book *book, const char *message, struct orders_book *next,
		struct why *why)
{
	struct conf_doc *doc;
	int rc;

	why_clear(why);
	if (conf_json_parse(&doc, message, strlen(message), why))
		return ERR_BAD;
	rc = orders_book_take(book, conf_doc_root(doc), next, why);
	conf_doc_free(&doc);
	return rc;
}

static void a_book_follows_the_provisioner(unsigned role)
{
	struct orders_book book = orders_book_init(role), first, second, read;
	struct conf_doc *doc;
	struct why why;

	why_clear(&why);
	whole(&doc, role);
	ok(take(&book, "{\"type\":\"change\",\"put\":{}}", &first, &why) == ERR_BAD &&
		   !strcmp(why.text, "a change came before any orders") && !first.has_orders,
	   "a change before any orders is refused");
	why_clear(&why);
	ok(orders_book_take(&book, conf_doc_root(doc), &first, &why) == 0 && first.has_orders &&
		   strlen(first.digest) == 64 && !book.has_orders,
	   "orders are taken %s", why.text);
	ok(take(&first, "{\"put\":{\"operator\":{\"id\":\"OTHER\"}}}", &second, &why) == 0 &&
		   !strcmp(second.orders.operator.id, "OTHER") &&
		   strcmp(first.digest, second.digest) &&
		   !strcmp(first.orders.operator.id, "EXAMPLE-NZ"),
	   "a change makes another book, with another digest");
	ok(orders_book_save(&second, path, &why) == 0, "it is saved");
	ok(orders_book_load(&read, role, path, &why) == 0 && read.has_orders &&
		   !strcmp(read.digest, second.digest) &&
		   conf_is_equal(&orders_record, &read.orders, &second.orders, NULL),
	   "and read: the same orders, with the same digest %s", why.text);
	orders_book_fini(&read);
	ok(take(&second, "{\"remove\":{\"agencies\":[\"police\"]}}", &read, &why) == ERR_BAD &&
		   strstr(why.text, "no agency has the id \"police\"") && !read.has_orders,
	   "a change that is not well is refused: %s", why.text);
	ok(take(&second, "{\"orders\":[]}", &read, &why) == ERR_BAD && !read.has_orders,
	   "so are orders: %s", why.text);
	orders_book_fini(&second);
	orders_book_fini(&first);
	conf_doc_free(&doc);
}

static void a_file_that_is_not_well_is_told(void)
{
	struct orders_book book;
	struct why why;

	why_clear(&why);
	unlink(path);
	ok(orders_book_load(&book, ORDERS_FOR_COLLECTOR, path, &why) == 0 && !book.has_orders,
	   "where there is no file, the book is empty");
	ok(conf_file_save(path, "{\"operator\":", 12, &why) == 0 &&
		   orders_book_load(&book, ORDERS_FOR_COLLECTOR, path, &why) == ERR_BAD &&
		   !strcmp(why.place, path) && !book.has_orders,
	   "a file that was damaged is told: %s", why.text);
	why_clear(&why);
	ok(orders_book_load(&book, ORDERS_FOR_COLLECTOR, folder, &why) < 0 && why.text[0],
	   "so is one that cannot be read: %s", why.text);
}

int main(void)
{
	if (!ok(mkdtemp(folder), "a folder"))
		return tap_end();
	snprintf(path, sizeof path, "%s/orders.json", folder);
	a_book_follows_the_provisioner(ORDERS_FOR_COLLECTOR);
	a_book_follows_the_provisioner(ORDERS_FOR_MEDIATOR);
	a_file_that_is_not_well_is_told();
	unlink(path);
	rmdir(folder);
	return tap_end();
}
