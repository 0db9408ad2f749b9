/* Names follow Prometheus' rules: counters end in _total, units are base units (bytes, seconds). */
#include "gauge/gauge.h"

/* What station tells of each daemon that has one. */
#define STATION_ROWS                                                                               \
	{"weir_start_time_seconds", GAUGE_GAUGE, "When the daemon started.", "started"},           \
	{                                                                                          \
		"weir_reports_waiting", GAUGE_GAUGE,                                               \
			"Reports that the provisioner has not heard yet.", "reports"               \
	}

#define SPOOL_OF "agencies[id=agency].{interface}."

#define ALARM_ROWS                                                                                 \
	{"weir_alarms_active", GAUGE_GAUGE, "Alarms that are not over.", "alarms.active{alarm}"},  \
	{                                                                                          \
		"weir_alarms_total", GAUGE_COUNTER, "Alarms that began.", "alarms.raised{alarm}"   \
	}

/* Of this stage's reasons; the rows of the daemon's book. */
#define LEDGER_ROW                                                                                 \
	{                                                                                          \
		"weir_ledger_records_total", GAUGE_COUNTER,                                        \
			"Records refused or lost since the daemon's ledger began, by its "         \
			"reasons.",                                                                \
			"ledger{reason}"                                                           \
	}

static const struct gauge_row collector_rows[] = {
	STATION_ROWS,
	ALARM_ROWS,
	LEDGER_ROW,
	{"weir_input_up", GAUGE_GAUGE, "1 while the input is read.",
	 "inputs[#=input,uri].state=running"},
	{"weir_input_packets_total", GAUGE_COUNTER, "Packets received of an input.",
	 "inputs[#=input,uri].received"},
	{"weir_input_bytes_total", GAUGE_COUNTER, "Bytes received of an input.",
	 "inputs[#=input,uri].octets"},
	{"weir_input_card_lost_packets_total", GAUGE_COUNTER,
	 "Packets that the network card or its driver lost.", "inputs[#=input,uri].card_lost"},
	{"weir_input_card_total", GAUGE_COUNTER, "What the network card and its driver counted.",
	 "inputs[#=input,uri].card{counter}"},
	{"weir_input_dropped_packets_total", GAUGE_COUNTER,
	 "Packets that the kernel dropped, the collector being too slow.",
	 "inputs[#=input,uri].dropped"},
	{"weir_input_filtered_packets_total", GAUGE_COUNTER,
	 "Packets that the input's filter kept out.", "inputs[#=input,uri].filtered"},
	{"weir_input_errors_total", GAUGE_COUNTER, "Packets of an input that could not be read.",
	 "inputs[#=input,uri].errors"},
	{"weir_input_late_packets_total", GAUGE_COUNTER,
	 "Packets that came after their turn, with several inputs.", "inputs[#=input,uri].late"},
	{"weir_mediator_up", GAUGE_GAUGE, "1 while the link to the mediator is up.",
	 "mediators[name=mediator].up"},
	{"weir_outbox_bytes_total", GAUGE_COUNTER, "Bytes that were written into an outbox.",
	 "outboxes[agency,interface].octets"},
	{"weir_outbox_waiting_bytes", GAUGE_GAUGE, "Bytes that no mediator has yet.",
	 "outboxes[agency,interface].waiting"},
	{"weir_outbox_size_bytes", GAUGE_GAUGE, "Bytes that an outbox takes on its file system.",
	 "outboxes[agency,interface].size"},
	{"weir_outbox_memory_bytes", GAUGE_GAUGE,
	 "Bytes of records that an outbox holds in memory: they wait, or are not yet safe on disk.",
	 "outboxes[agency,interface].in_memory"},
	{"weir_outbox_disk_bytes", GAUGE_GAUGE,
	 "Bytes that wait on an outbox's disk, memory having no room.",
	 "outboxes[agency,interface].on_disk"},
	{"weir_outbox_limit_bytes", GAUGE_GAUGE, "Bytes that an outbox may take.",
	 "outboxes[agency,interface].limit"},
	{"weir_packets_total", GAUGE_COUNTER, "Packets that were looked at.", "intercept.packets"},
	{"weir_subscribers", GAUGE_GAUGE, "Subscribers' sessions that are followed.",
	 "intercept.subscribers"},
	{"weir_radius_messages_total", GAUGE_COUNTER, "What RADIUS told, by what became of it.",
	 "intercept.radius{outcome}"},
	{"weir_call_legs", GAUGE_GAUGE, "Legs of calls, and other exchanges, that are followed.",
	 "intercept.calls.legs"},
	{"weir_media_expected", GAUGE_GAUGE, "Endpoints at which media of targets are expected.",
	 "intercept.calls.media_expected"},
	{"weir_media_refused_total", GAUGE_COUNTER,
	 "Endpoints that are not watched: too many calls share them.",
	 "intercept.calls.media_refused"},
	{"weir_sip_messages_total", GAUGE_COUNTER, "What SIP told, by what became of it.",
	 "intercept.sip{outcome}"},
	{"weir_warrants_active", GAUGE_GAUGE, "Warrants between their start and their end.",
	 "intercept.total.active"},
	{"weir_warrants_silent", GAUGE_GAUGE,
	 "Warrants with an active session and no content for a time.", "intercept.total.silent"},
	{"weir_sessions_active", GAUGE_GAUGE, "Sessions of warrants that are active.",
	 "intercept.total.live"},
	{"weir_matched_packets_total", GAUGE_COUNTER, "Packets of targets, once for each warrant.",
	 "intercept.total.matched"},
	{"weir_cc_records_total", GAUGE_COUNTER, "Records of content (HI3) that were made.",
	 "intercept.total.cc"},
	{"weir_iri_records_total", GAUGE_COUNTER, "Records of information (HI2) that were made.",
	 "intercept.total.iri"},
	{"weir_iri_lost_records_total", GAUGE_COUNTER,
	 "Records of information for which the outbox had no room.", "intercept.total.iri_lost"},
	{"weir_refused_packets_total", GAUGE_COUNTER,
	 "Packets of targets that are not delivered, by reason.",
	 "intercept.total.refused{reason}"},
};

static const struct gauge_row mediator_rows[] = {
	STATION_ROWS,
	ALARM_ROWS,
	LEDGER_ROW,
	{"weir_warrants", GAUGE_GAUGE, "Warrants that are served.", "warrants"},
	{"weir_collector_bytes_total", GAUGE_COUNTER,
	 "Bytes of records from a collector, since it connected.",
	 "collectors[name=collector].octets"},
	{"weir_collector_alarms_total", GAUGE_COUNTER,
	 "Alarms of a collector that agencies were told, since it connected.",
	 "collectors[name=collector].alarms"},
	{"weir_collector_held_channels", GAUGE_GAUGE,
	 "Streams of a collector, by agency and interface, that wait for orders.",
	 "collectors[name=collector].held"},
	{"weir_received_records_total", GAUGE_COUNTER, "Records for an agency that came.",
	 SPOOL_OF "received"},
	{"weir_spooled_records_total", GAUGE_COUNTER, "Records that went into the agency's spool.",
	 SPOOL_OF "spooled"},
	{"weir_refused_records_total", GAUGE_COUNTER, "Records that are not delivered, by reason.",
	 SPOOL_OF "refused{reason}"},
	{"weir_lost_bytes_total", GAUGE_COUNTER, "Bytes that were missing between what came.",
	 SPOOL_OF "lost_octets"},
	{"weir_spool_waiting_bytes", GAUGE_GAUGE, "Bytes that the agency does not have yet.",
	 SPOOL_OF "waiting"},
	{"weir_spool_size_bytes", GAUGE_GAUGE, "Bytes that a spool takes on its file system.",
	 SPOOL_OF "spool_size"},
	{"weir_spool_memory_bytes", GAUGE_GAUGE,
	 "Bytes of records that a spool holds in memory: they wait, or are not yet safe on disk.",
	 SPOOL_OF "in_memory"},
	{"weir_spool_disk_bytes", GAUGE_GAUGE,
	 "Bytes that wait on a spool's disk, memory having no room.", SPOOL_OF "on_disk"},
	{"weir_spool_limit_bytes", GAUGE_GAUGE, "Bytes that a spool may take.",
	 SPOOL_OF "spool_limit"},
	{"weir_spool_full", GAUGE_GAUGE, "1 while a spool takes no more.", SPOOL_OF "is_full"},
	{"weir_agency_up", GAUGE_GAUGE, "1 while the agency takes records.", SPOOL_OF "state=up"},
	{"weir_agency_connections_total", GAUGE_COUNTER, "Connections that were made.",
	 SPOOL_OF "connections"},
	{"weir_agency_sent_bytes_total", GAUGE_COUNTER, "Bytes sent, keep-alives too.",
	 SPOOL_OF "sent_octets"},
	{"weir_agency_sent_records_total", GAUGE_COUNTER, "Records sent.", SPOOL_OF "sent_records"},
	{"weir_agency_repeated_records_total", GAUGE_COUNTER,
	 "Records sent again behind a connection that broke.", SPOOL_OF "sent_again"},
	{"weir_agency_acknowledged_records_total", GAUGE_COUNTER,
	 "Records that the agency has acknowledged.", SPOOL_OF "acknowledged_records"},
	{"weir_agency_keepalives_total", GAUGE_COUNTER, "Keep-alives sent.", SPOOL_OF "keepalives"},
	{"weir_agency_keepalive_answers_total", GAUGE_COUNTER, "Keep-alives that were answered.",
	 SPOOL_OF "keepalive_answers"},
	{"weir_agency_keepalive_time_seconds", GAUGE_GAUGE, "When a keep-alive was answered last.",
	 SPOOL_OF "keepalive_at"},
	{"weir_capture_packets_total", GAUGE_COUNTER, "Packets written to captures.",
	 "agencies[id=agency].captures.packets"},
};

static const struct gauge_row provisioner_rows[] = {
	{"weir_start_time_seconds", GAUGE_GAUGE, "When the daemon started.", "started"},
	{"weir_held", GAUGE_GAUGE, "Things that are kept, by kind.", "held{kind}"},
	{"weir_orders_sent_total", GAUGE_COUNTER, "Whole orders that daemons were sent.",
	 "sent.orders"},
	{"weir_changes_sent_total", GAUGE_COUNTER, "Changes of orders that daemons were sent.",
	 "sent.changes"},
	{"weir_orders_repeated_total", GAUGE_COUNTER,
	 "Whole orders sent again to daemons that had others.", "sent.again"},
	{"weir_daemon_connected", GAUGE_GAUGE, "1 while the daemon is connected.",
	 "daemons[role,name].connected"},
	{"weir_daemon_agreed", GAUGE_GAUGE,
	 "1 while the daemon has the orders that it should have.", "daemons[role,name].agreed"},
	{"weir_daemon_status_time_seconds", GAUGE_GAUGE, "When the daemon told last how it is.",
	 "daemons[role,name].status_at"},
};

static const struct gauge_row agency_rows[] = {
	{"weir_start_time_seconds", GAUGE_GAUGE, "When the daemon started.", "started"},
	{"weir_receiver_records_total", GAUGE_COUNTER, "Records that came, by kind.",
	 "kinds{kind}"},
	{"weir_receiver_connections_total", GAUGE_COUNTER, "Connections that were taken.",
	 "interfaces.{interface}.connections"},
	{"weir_receiver_bytes_total", GAUGE_COUNTER, "Bytes that came.",
	 "interfaces.{interface}.octets"},
	{"weir_receiver_packets_total", GAUGE_COUNTER, "Packets in the records that came.",
	 "packets"},
	{"weir_receiver_keepalives_total", GAUGE_COUNTER, "Keep-alives that asked for an answer.",
	 "questions"},
	{"weir_receiver_keepalive_answers_total", GAUGE_COUNTER, "Keep-alives that were answered.",
	 "answers"},
	{"weir_receiver_findings_total", GAUGE_COUNTER,
	 "What was missing or wrong, by what it was.", "findings{finding}"},
};

#define TABLE_OF(which)                                                                            \
	const struct gauge_table gauge_##which = {                                                 \
		.daemon = #which,                                                                  \
		.rows = which##_rows,                                                              \
		.n = sizeof which##_rows / sizeof *which##_rows,                                   \
	}

TABLE_OF(collector);
TABLE_OF(mediator);
TABLE_OF(provisioner);
TABLE_OF(agency);
