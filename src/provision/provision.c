#include "provision/provision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "provision/own.h"

#define X(...) CONF_ROW(provision_conf, __VA_ARGS__)
static const struct conf_field provision_fields[] = {PROVISION_FIELDS(X)};
#undef X

static bool check(const void *record, struct conf_fault *fault)
{
	const struct provision_conf *conf = record;

	if (!daemon_check(record, fault))
		return false;
	if (conf->rest_transport == DAEMON_TLS && (!conf->certificate || !conf->key)) {
		snprintf(fault->path, sizeof fault->path, "rest_transport");
		snprintf(fault->text, sizeof fault->text, "tls needs certificate and key");
		return false;
	}
	return true;
}

const struct conf_record provision_conf_record =
	CONF_RECORD(provision_conf, provision_fields, .check = check,
		    .doc = "Configuration of weir-provisioner.");

static const struct actor itself = {"weir-provisioner", "itself", ""};

static int who(void *owner, const char *token, struct rest_who *out)
{
	struct provision *p = owner;
	struct store_key key;
	struct why why = {.text = ""};
	int rc = store_key_check(p->store, token, &key, &why);

	if (rc && rc != ERR_ACCESS)
		log_error("keys cannot be looked up: %s", why.text);
	if (rc)
		return rc;
	snprintf(out->name, sizeof out->name, "%s", key.name);
	out->role = rest_role_of(key.role);
	return out->role ? 0 : ERR_ACCESS;
}

/* ---- the first start ---- */

/* The first key: into the file that is named, or on standard output, this once. */
static int keep_first_key(void *arg, const char *token, struct why *why)
{
	const char *path = arg;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	int rc = 0;

	if (!path) {
		printf("%s\n", token);
		return fflush(stdout) ? ERR_IO : 0;
	}
	if (fd < 0 || write(fd, token, strlen(token)) != (ssize_t)strlen(token) ||
	    write(fd, "\n", 1) != 1 || fsync(fd)) {
		rc = why_set(why, err_of_errno(errno), "the first key cannot be written here: %s",
			     strerror(errno));
		why_place(why, path);
	}
	if (fd >= 0)
		close(fd);
	if (rc && fd >= 0)
		unlink(path);
	return rc;
}

static int count_key(void *arg, const struct store_key *key)
{
	*(size_t *)arg += key->name[0] != 0;
	return 0;
}

static int make_first_key(struct provision *p, struct why *why)
{
	char name[] = "first";
	struct key_order order = {name, REST_ADMIN};
	struct key_keeper keeper = {keep_first_key, p->conf->first_key};
	size_t n = 0;
	int rc = store_key_each(p->store, count_key, &n, why);

	if (rc || n)
		return rc;
	rc = key_make(p, &itself, &order, &keeper, why);
	if (!rc)
		log_info("the first key of the REST API, an admin's, is %s%s",
			 p->conf->first_key ? "in " : "on standard output, this once",
			 p->conf->first_key ? p->conf->first_key : "");
	return rc;
}

/* Orders of a file are taken in once: from then on the store is what counts. */
static int take_orders(struct provision *p, struct why *why)
{
	struct refusal refusal = {.status = 0};
	struct change_count count;
	struct orders orders;
	char *taken = NULL;
	int rc = store_meta_get(p->store, "orders", &taken, why);

	free(taken);
	if (!rc || !p->conf->orders)
		return rc == ERR_ABSENT ? 0 : rc;
	if (rc != ERR_ABSENT)
		return rc;
	rc = orders_load(&orders, p->conf->orders, why);
	if (rc)
		return rc;
	rc = change_replace(p, &itself, &orders, &count, &refusal);
	orders_fini(&orders);
	if (rc) {
		why_set(why, rc, "%s%s%s", refusal.field, refusal.field[0] ? ": " : "",
			refusal.text);
		why_place(why, p->conf->orders);
		return rc;
	}
	log_info("%s was taken in: %zu items", p->conf->orders, count.n_put);
	return 0;
}

/* Says in the store that the first start is over, so that a file which is named later, or again,
 * changes nothing. */
static int end_first_start(struct provision *p, struct why *why)
{
	int rc = store_begin(p->store, why);

	if (!rc)
		rc = store_meta_put(p->store, "orders", "taken", why);
	return rc ? rc : store_commit(p->store, why);
}

/* ---- */

/* A key's file: the one that is named, or one beside the store. */
static int key_path(const struct provision *p, const char *named, const char *suffix,
		    char out[WHY_PLACE_LEN], struct why *why)
{
	int n = named ? snprintf(out, WHY_PLACE_LEN, "%s", named)
		      : snprintf(out, WHY_PLACE_LEN, "%s%s", p->conf->store, suffix);

	return n < WHY_PLACE_LEN ? 0 : why_set(why, ERR_USAGE, "the key's path is too long");
}

/* Whether the store has a key of this sort already: then none is made anew, for what is sealed
 * would be lost, and what was signed could be signed again. */
static int has_key(const struct provision *p, const char *sort, bool *out, struct why *why)
{
	char *made = NULL;
	int rc = store_meta_get(p->store, sort, &made, why);

	*out = made != NULL;
	free(made);
	return rc == ERR_ABSENT ? 0 : rc;
}

static int note_key(const struct provision *p, const char *sort, struct why *why)
{
	int rc = store_begin(p->store, why);

	if (!rc)
		rc = store_meta_put(p->store, sort, "yes", why);
	return rc ? rc : store_commit(p->store, why);
}

static int open_keys(struct provision *p, struct why *why)
{
	char path[WHY_PLACE_LEN];
	bool is_made = false;
	int rc = key_path(p, p->conf->seal_key, ".key", path, why);

	if (!rc)
		rc = has_key(p, "sealed", &is_made, why);
	if (!rc)
		rc = seal_open(&p->seal, path, !is_made, why);
	if (!rc)
		rc = note_key(p, "sealed", why);
	if (!rc)
		rc = key_path(p, p->conf->audit_key, ".audit-key", path, why);
	if (!rc)
		rc = has_key(p, "signed", &is_made, why);
	if (!rc)
		rc = audit_key_open(&p->audit_key, path, !is_made, why);
	if (!rc)
		rc = note_key(p, "signed", why);
	if (!rc)
		store_sign_audit(p->store, p->audit_key);
	return rc;
}

static void check_audit(const struct provision *p)
{
	struct store_audit_found found;
	struct why why = {.text = ""};

	if (store_audit_verify(p->store, &found, &why))
		log_error("%s", why.text[0] ? why.text : "the audit log cannot be read");
	else if (found.n && found.signed_from != 1)
		log_warn("the audit log is signed from entry %lld on, of %lld: an older version "
			 "did not sign",
			 (long long)found.signed_from, (long long)found.n);
}

static int open_store(struct provision *p, struct why *why)
{
	int rc = store_open(&p->store, p->conf->store, why);

	if (!rc)
		rc = open_keys(p, why);
	if (!rc)
		rc = change_load(p, why);
	if (!rc)
		rc = make_first_key(p, why);
	if (!rc)
		rc = take_orders(p, why);
	if (!rc)
		rc = end_first_start(p, why);
	if (!rc)
		check_audit(p);
	return rc;
}

static int listen_both(struct provision *p, struct why *why)
{
	struct peers_options peers = {.loop = p->loop,
				      .listen = p->conf->listen,
				      .name = p->conf->name,
				      .software = p->software,
				      .tls = p->tls,
				      .held = &p->held,
				      .hear = heard_message,
				      .owner = p};
	struct rest_options rest = {.listen = p->conf->rest_listen,
				    .is_plain = p->conf->rest_transport == DAEMON_PLAIN,
				    .certificate = p->conf->certificate,
				    .key = p->conf->key};
	const struct gauge_options gauge = {.loop = p->loop,
					    .listen = p->conf->metrics,
					    .table = &gauge_provisioner,
					    .status = status_print,
					    .owner = p};
	struct conf_endpoint at = p->conf->listen;
	char text[CONF_ENDPOINT_TEXT_LEN];
	int rc = peers_new(&p->peers, &peers, why);

	if (!rc)
		rc = rest_server_new(&p->server, p->loop, &p->rest, &rest, why);
	if (rc)
		return rc;
	at.port = peers_port(p->peers);
	conf_endpoint_print(&at, text);
	log_info("collectors and mediators are awaited at %s (%s)", text, p->tls ? "tls" : "plain");
	at = p->conf->rest_listen;
	at.port = rest_server_port(p->server);
	conf_endpoint_print(&at, text);
	log_info("the REST API is at %s://%s/api/v1", rest.is_plain ? "http" : "https", text);
	return gauge_new(&p->gauge, &gauge, why);
}

int provision_new(struct provision **out, struct loop *loop, const struct provision_conf *conf,
		  const char *version, struct why *why)
{
	struct provision *p = calloc(1, sizeof *p);
	struct tls_files files = {conf->certificate, conf->key, conf->authority};
	int rc = p ? 0 : ERR_NOMEM;

	*out = p;
	if (rc)
		return rc;
	kinds_init();
	p->conf = conf;
	p->version = version;
	snprintf(p->software, sizeof p->software, "weir-provisioner %s", version);
	p->loop = loop;
	p->started = loop_wall();
	p->rest.routes = provision_routes;
	p->rest.n_routes = provision_n_routes;
	p->rest.who = who;
	p->rest.owner = p;
	if (conf->transport == DAEMON_TLS)
		rc = tls_new(&p->tls, &files, why);
	if (!rc && conf->statement_key)
		rc = ledger_signer_load(&p->statement_signer, conf->statement_key, false, why);
	if (!rc)
		rc = open_store(p, why);
	if (!rc)
		rc = listen_both(p, why);
	if (rc)
		provision_free(out);
	return rc;
}

void provision_free(struct provision **provision)
{
	struct provision *p = *provision;

	if (!p)
		return;
	gauge_free(&p->gauge);
	rest_server_free(&p->server);
	peers_free(&p->peers);
	holding_fini(&p->held);
	seal_free(&p->seal);
	ledger_signer_free(&p->statement_signer);
	store_close(&p->store);
	audit_key_free(&p->audit_key);
	tls_free(&p->tls);
	free(p);
	*provision = NULL;
}
