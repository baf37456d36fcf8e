/** What the entry screen knows of rooms: an invitation to one, a list to choose from, and whether one may look on. */

import { setHidden, setText } from '../hud/page.ts';
import { make } from './dom.ts';
import { RoomList } from './roomlist.ts';
import { askRooms, makeRoom, sayCompany } from './rooms.ts';

const ASK_MS = 5_000;

export interface LobbyEvents {
  /** To play in a room, or in any when it is empty. */
  readonly play: (room: string) => void;
  readonly look: (room: string) => void;
}

export interface LobbyPlace {
  readonly rooms: HTMLElement;
  readonly invited: HTMLElement;
  readonly invitedTo: HTMLElement;
  readonly invitedAny: HTMLButtonElement;
  readonly watch: HTMLButtonElement;
  readonly company: HTMLElement;
}

export class Lobby {
  private room = '';
  private readonly place: LobbyPlace;
  private readonly list: RoomList;
  private timer = 0;

  constructor(place: LobbyPlace, events: LobbyEvents) {
    this.place = place;
    this.list = new RoomList({
      go: (room) => {
        events.play(room);
        return Promise.resolve('');
      },
      make: async (isPrivate) => {
        const made = await makeRoom(isPrivate);
        if (made.kind === 'Made') this.invite(made.room);
        return made;
      },
    });
    const details = make('details', {}, make('summary', {}, 'Rooms'), this.list.root);
    place.rooms.append(details);
    details.addEventListener('toggle', () => void this.refresh());
    place.invitedAny.addEventListener('click', () => this.invite(''));
    place.watch.addEventListener('click', () => events.look(this.room));
  }

  /** The room that Play leads to, or nothing. */
  get invitedTo(): string {
    return this.room;
  }

  invite(room: string): void {
    this.room = room;
    setHidden(this.place.invited, room === '');
    setText(this.place.invitedTo, room);
  }

  /** The list is asked for while the entry screen is seen, and no longer. */
  open(): void {
    void this.refresh();
  }

  close(): void {
    window.clearTimeout(this.timer);
  }

  private async refresh(): Promise<void> {
    window.clearTimeout(this.timer);
    try {
      const told = await askRooms();
      this.list.show(told.rooms, '');
      setHidden(this.place.watch, !told.looksOn);
      setText(this.place.company, sayCompany(told.rooms));
    } catch {
      // Play works without the list.
      setText(this.place.company, '');
    }
    window.clearTimeout(this.timer);
    if (!this.place.rooms.closest('[hidden]')) this.timer = window.setTimeout(() => void this.refresh(), ASK_MS);
  }
}
