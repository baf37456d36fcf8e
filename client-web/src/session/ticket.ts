/** The ticket with which somebody else's page sends a player here: `/#ticket=…`, which no server sees and no log has. */

import { TICKET_BYTES } from '../limits.ts';

/** The ticket in a fragment, or nothing. */
export function ticketIn(fragment: string): string {
  const ticket = new URLSearchParams(fragment.replace(/^#/, '')).get('ticket') ?? '';
  return /^[\x21-\x7e]*$/.test(ticket) && ticket.length <= TICKET_BYTES ? ticket : '';
}
