#include "daemon/places.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/words.h"

static const enum jail_access accesses[] = {
	[CONF_PLACE_READ] = JAIL_READ,     [CONF_PLACE_REREAD] = JAIL_REREAD,
	[CONF_PLACE_FOLDER] = JAIL_FOLDER, [CONF_PLACE_FILE] = JAIL_FILE,
	[CONF_PLACE_MADE] = JAIL_MADE,     [CONF_PLACE_SOURCE] = JAIL_INPUT,
};

/* "int:eth0" is no file; of "pcap:PATH" the path is what comes behind, unless a file has that
 * name as a whole. */
static int add_source(struct jail *j, const char *uri)
{
	const char *behind = strchr(uri, ':');
	int rc;

	if (!strncmp(uri, "int:", 4)) {
		jail_need(j, JAIL_PACKETS);
		return 0;
	}
	rc = jail_place(j, JAIL_INPUT, uri);
	return !rc && behind && access(uri, F_OK) ? jail_place(j, JAIL_INPUT, behind + 1) : rc;
}

static int add_field(struct jail *j, const struct conf_field *field, const void *member)
{
	const char *path = *(char *const *)member;
	bool is_place = field->type == &conf_path || field->place == CONF_PLACE_SOURCE;

	if (!is_place || !path)
		return 0;
	if (field->place == CONF_PLACE_SOURCE)
		return add_source(j, path);
	return jail_place(j, accesses[field->place], path);
}

static int add_record(struct jail *j, const struct conf_record *record, const void *owner)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < record->n_fields; i++) {
		const struct conf_field *field = &record->fields[i];
		const uint8_t *member = (const uint8_t *)owner + field->offset;

		if (field->type && field->type->is_text && !field->is_list)
			rc = add_field(j, field, member);
		else if (!field->type && !field->is_list)
			rc = add_record(j, field->of, member);
		for (size_t k = 0; !rc && field->is_list && k < conf_list_n(field, owner); k++) {
			const void *item = conf_list_item(field, owner, k);

			rc = field->type ? add_field(j, field, item)
					 : add_record(j, field->of, item);
		}
	}
	return rc;
}

int places_enter(const struct daemon *d, struct why *why)
{
	const struct daemon_settings *settings = d->conf;
	const char *config = daemon_words_config(d->program->conf, d->n_words, d->words);
	struct jail *jail = NULL;
	int rc;

	if (settings->jail == DAEMON_JAIL_OFF) {
		log_warn("NOT CONFINED: its configuration says \"jail: off\"");
		return 0;
	}
	rc = jail_new(&jail, d->program->role);
	if (!rc && config)
		rc = jail_place(jail, JAIL_REREAD, config);
	if (!rc)
		rc = add_record(jail, d->program->conf, d->conf);
	if (!rc) {
		jail_user(jail, settings->user);
		jail_insist(jail, settings->jail == DAEMON_JAIL_WHOLE);
		rc = jail_enter(jail, why);
	}
	jail_free(&jail);
	return rc;
}
