/* Short messages over IMS (TS 24.341): the body application/vnd.3gpp.sms is one message of the
 * relay layer (TS 24.011 7.3), which may hold a TPDU (TS 23.040 9.2.2).
 *
 *	RP-DATA   type, reference, originator, destination, TPDU
 *	RP-ACK    type, reference, TPDU if there is one
 *	RP-ERROR  type, reference, cause, TPDU if there is one
 *	RP-SMMA   type, reference
 *
 *	SMS-SUBMIT  flags, reference, destination, PID, DCS, validity, UDL | what the user wrote
 *
 * What users write (TP-UD, and TP-CD of a command) always comes last. Ahead of it stand the
 * addresses, times, identifiers and lengths; and those elements of its own header that tell how
 * parts belong together, for which application and in which letters. */
#ifndef IPMM_SMS_H
#define IPMM_SMS_H

#include "sip/text.h"

/* Octets of the relay layer's message that are signalling: all behind them is content, if anything
 * is. 0: it breaks its grammar, and nothing is known of what is what. */
size_t ipmm_sms_signalling_len(struct sip_text message);

#endif
