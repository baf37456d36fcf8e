/** Puts the panels together: what the server tells goes in, what the player asks for goes out. Knows no socket. */

import { setHidden } from '../hud/page.ts';
import type { Presence, Rooms } from '../session/topics.ts';
import type { Ask, Event, Notification as Told, Outcome, PresenceRow, ServerRow, Welcome, Whom } from '../wire/codec.ts';
import { wrongIn } from './answer.ts';
import { Bar } from './bar.ts';
import { ChatBox } from './chat.ts';
import { nameInCommand, parseCommand, type People } from './command.ts';
import { make } from './dom.ts';
import { Drawer } from './drawer.ts';
import { Listening, type Subscribe } from './listening.ts';
import { audible, enterRoom, forgetWho, type Heard, type LineLook, lookOf, newLines, takeLine } from './lines.ts';
import { mute, muteStateOf, recallMutes, storeMutes } from './mutes.ts';
import { ageNotices, newNotices, readNotices, sayNews, takeNotice } from './notices.ts';
import { Outside } from './outside.ts';
import { BOARDS, LeadersPane, PeoplePane } from './panes.ts';
import { RoomList } from './roomlist.ts';
import { askRooms, makeRoom } from './rooms.ts';
import { NoticeList, Toasts } from './toasts.ts';
import { readTold, ToldStore, writeTold } from './told.ts';
import { besides, watchKey, Watching } from './watching.ts';

/** Where panels ask. A promise that fails means that no answer will come. */
export interface SocialPorts {
  readonly ask: (ask: Ask) => Promise<Outcome>;
  readonly subscribe: Subscribe;
  readonly now: () => number;
  /** The time of day by the server's clock, in milliseconds of Unix time. */
  readonly daytime: () => number;
  /** The player types or reads: whatever was held down is let go. */
  readonly released: () => void;
  /** To another room with the same session, and where the next one is to begin. */
  readonly go: (room: string) => Promise<Outcome>;
  /** The room that was asked for: a private one by its code, which nobody else tells. */
  readonly roomAskedFor: () => string;
  /** Whoever looked on wants to play. */
  readonly play: () => void;
}

/** How things stand in this frame. */
export interface SocialState {
  /** Whether there is an arena to lie over. */
  readonly visible: boolean;
  /** Whether what is asked goes out now. */
  readonly live: boolean;
  readonly players: number;
}

const EVERY_MS = 200;

export class Social {
  readonly root = make('div', { id: 'social' });
  private readonly ports: SocialPorts;
  private readonly topics: Listening;
  private readonly lines = newLines();
  private readonly mutes = recallMutes();
  private readonly notices = newNotices();
  private readonly outside = new Outside();
  private readonly kept = new ToldStore();
  private readonly chat: ChatBox;
  private readonly drawer: Drawer;
  private readonly bar: Bar;
  private readonly toasts: Toasts;
  private readonly leaders: LeadersPane;
  private readonly people: PeoplePane;
  private readonly rooms: RoomList;
  private readonly list: NoticeList;
  private readonly watching: Watching;
  private state: SocialState = { visible: false, live: false, players: 0 };
  private own = -1;
  private looksOn = false;
  private watched = -1;
  private shownAtMs = 0;
  private presence: Presence | null = null;
  private known: People = new Map();

  constructor(ports: SocialPorts) {
    this.ports = ports;
    this.topics = new Listening(ports.subscribe, () => this.render());
    this.chat = new ChatBox({
      said: (text) => this.say(text),
      opened: () => {
        this.drawer.close();
        ports.released();
      },
      look: (heard) => this.look(heard),
    });
    this.leaders = new LeadersPane(() => this.render());
    this.people = new PeoplePane({
      whisper: (row) => this.chat.show(`/w ${nameInCommand(row, this.here)} `),
      report: (row) => this.chat.show(`/report ${nameInCommand(row, this.here)} `),
      mute: (row, on) => this.mute(row.who, row.name, on),
      watch: ({ who }) => this.watch({ kind: 'Player', who }),
    });
    this.rooms = new RoomList({ go: (room) => this.go(room), make: makeRoom });
    this.list = new NoticeList({ outside: (on) => void this.outside.turn(on).then(() => this.render()) });
    this.toasts = new Toasts(this.notices);
    this.drawer = new Drawer(
      [
        { name: 'Leaders', root: this.leaders.root },
        { name: 'People', root: this.people.root },
        { name: 'Rooms', root: this.rooms.root },
        { name: 'Notices', root: this.list.root },
      ],
      (seen) => this.turned(seen),
    );
    this.bar = new Bar({
      open: (pane) => this.drawer.toggle(pane),
      chat: () => this.chat.show(),
    });
    this.watching = new Watching({
      watch: (whom) => this.watch(whom),
      step: (by) => this.step(by),
      play: ports.play,
    });
    this.root.append(this.bar.root, this.toasts.root, this.watching.root, this.chat.root, this.drawer.root);
    setHidden(this.root, true);
    window.addEventListener('keydown', (event) => this.press(event));
    window.addEventListener('pointerdown', ({ target }) => {
      const { activeElement } = document;
      const isOutside = target instanceof Node && !this.root.contains(target);
      if (isOutside && activeElement instanceof HTMLElement && this.root.contains(activeElement)) activeElement.blur();
    });
    window.visualViewport?.addEventListener('resize', () => this.makeRoom());
    window.visualViewport?.addEventListener('scroll', () => this.makeRoom());
  }

  /** What the server tells of itself, where it does. */
  get server(): ServerRow | null {
    return this.topics.of('server');
  }

  /** At whom somebody who looks on looks, or -1. */
  get seen(): number {
    return this.watched;
  }

  /** Whether keys are letters just now. */
  get typing(): boolean {
    return this.chat.open;
  }

  onWelcome({ own, room, watch, resumed }: Welcome): void {
    this.own = own;
    this.looksOn = watch;
    if (!resumed || room !== this.lines.room) forgetWho(this.lines, this.mutes);
    if (room !== this.lines.room) {
      this.topics.unwant(presenceOf(this.lines.room));
      enterRoom(this.lines, room);
      this.renderLines();
      this.watched = -1;
    }
    this.topics.handleWelcome();
    this.topics.want(presenceOf(room));
    this.topics.want('server');
    this.render();
  }

  onEvent(event: Event): void {
    switch (event.kind) {
      case 'Line':
        if (takeLine(this.lines, event.value, this.ports.now())) this.renderLines();
        break;
      case 'Notification':
        this.notify(event.value);
        break;
      case 'Watching':
        this.watched = event.who;
        this.render();
        break;
      default:
        break;
    }
  }

  /** The server does not tell of a topic. */
  onRefused(topic: string): void {
    this.topics.refuse(topic);
  }

  /** To be called before the server is told that something came. */
  keep(): void {
    this.kept.store(this.lines, this.notices, this.mutes);
  }

  /** What was told so far, for the window that takes over. */
  get told(): string {
    return writeTold(this.lines, this.notices, this.mutes);
  }

  /** The page goes on with what was told to the one before it, or to another window. */
  recall(told: string | null = this.kept.stored()): void {
    if (readTold(told, this.lines, this.notices, this.mutes)) this.renderLines();
  }

  /** To be called with every frame. */
  frame(nowMs: number, state: SocialState): void {
    const appears = state.visible !== this.state.visible;
    this.state = state;
    if (!appears && nowMs - this.shownAtMs < EVERY_MS) return;
    this.shownAtMs = nowMs;
    setHidden(this.root, !state.visible);
    this.root.classList.toggle('cut', !state.live);
    if (appears && !state.visible) {
      this.chat.close();
      this.drawer.close();
    }
    const wallMs = this.ports.daytime();
    ageNotices(this.notices, nowMs, wallMs);
    this.toasts.show(wallMs);
    // What is said of a lost connection comes first.
    setHidden(this.toasts.root, !state.live);
    this.chat.age(nowMs, state.live ? '' : 'The connection is lost. What you send now goes out when it is back.');
    this.bar.show(this.lines.room, this.count(), this.notices.unread);
  }

  /** To the room of a link, with the same session. */
  async follow(room: string): Promise<void> {
    this.chat.tell(await this.go(room), this.ports.now());
  }

  /** To another room with the same session. Says what is wrong, or nothing. */
  async go(room: string): Promise<string> {
    const wrong = await wrongIn(this.ports.go(room));
    if (wrong === '') this.drawer.close();
    return wrong;
  }

  private get here(): People {
    const presence = this.topics.of(presenceOf(this.lines.room));
    if (presence !== this.presence) {
      this.presence = presence;
      this.known = new Map(presence?.rows.map((row): [number, PresenceRow] => [row.who, row]));
    }
    return this.known;
  }

  /** Asks, and gives what was wrong in a sentence, or nothing. */
  private ask(ask: Ask): Promise<string> {
    return wrongIn(this.ports.ask(ask));
  }

  private say(typed: string): 'Leave' | 'Done' | 'Wrong' {
    const { ports, chat } = this;
    const command = parseCommand(typed, this.here);
    switch (command.kind) {
      case 'Nothing':
        break;
      case 'Ask': {
        void this.ask(command.ask).then((wrong) => {
          if (wrong !== '') chat.giveBack(typed);
          chat.tell(wrong === '' ? command.done : wrong, ports.now());
        });
        break;
      }
      case 'Mute':
        this.mute(command.who, command.name, command.on);
        break;
      case 'Tell':
      case 'Fault':
        chat.tell(command.text, ports.now());
        return command.kind === 'Tell' ? 'Done' : 'Wrong';
    }
    return 'Leave';
  }

  private mute(who: number, name: string, on: boolean): void {
    if (who === this.own) {
      this.chat.tell('You cannot mute yourself.', this.ports.now());
      return;
    }
    mute(this.mutes, { who, name }, on);
    storeMutes(this.mutes);
    this.renderLines();
    this.render();
    const done = on ? `You hear nothing more of ${name}. /unmute ${name} ends it.` : `You hear ${name} again.`;
    void this.ask({ kind: 'Mute', who, on }).then((wrong) => {
      const holds = on ? 'It holds only until one of you leaves' : 'The server may not have heard of it';
      this.chat.tell(wrong === '' ? done : `${done} ${holds}: ${wrong}`, this.ports.now());
    });
  }

  private watch(whom: Whom): void {
    void this.ask({ kind: 'Watch', whom }).then((wrong) => this.chat.tell(wrong, this.ports.now()));
  }

  private step(by: 1 | -1): void {
    const who = besides(this.here, this.watched, by);
    if (who !== null) this.watch({ kind: 'Player', who });
  }

  private notify(told: Told): void {
    const wallMs = this.ports.daytime();
    takeNotice(this.notices, told, this.ports.now());
    if (this.drawer.seen === 'Notices') readNotices(this.notices);
    this.toasts.show(wallMs);
    if (told.priority.kind !== 'Low') this.outside.tell(sayNews(told.news, wallMs));
    this.render();
  }

  /** Another pane is seen: topics that nobody looks at are not asked for. */
  private turned(seen: string | null): void {
    if (seen !== null) this.ports.released();
    this.bar.mark(seen);
    this.listen(BOARDS.map(({ topic }) => topic), seen === 'Leaders');
    this.listen(['rooms'], seen === 'Rooms');
    if (seen === 'Notices') readNotices(this.notices);
    this.render();
  }

  private listen(topics: readonly string[], on: boolean): void {
    for (const topic of topics) {
      if (on) this.topics.want(topic);
      else this.topics.unwant(topic);
    }
  }

  private press(event: KeyboardEvent): void {
    const { state } = this;
    if (event.defaultPrevented || !state.visible || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isElsewhere = event.target instanceof Element && event.target !== document.body;
    const act = (deed: () => void): void => {
      event.preventDefault();
      if (!event.repeat) deed();
    };
    if (this.looksOn && !isElsewhere) {
      const key = watchKey(event.code);
      if (key === 'Crown') act(() => this.watch({ kind: 'Crown' }));
      else if (key) act(() => this.step(key === 'Next' ? 1 : -1));
    }
    // Whoever has gone back to the arena puts away what is open first, and leaves it only then.
    if (event.key === 'Escape' && (this.chat.open || this.drawer.seen !== null)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.chat.close();
      this.drawer.close();
    }
    // Without a connection, Enter tries again.
    if (isElsewhere || !state.live) return;
    if (event.key === 'Enter') act(() => this.chat.show());
    else if (event.key === '/') act(() => this.chat.show('/'));
    else if (event.key === 'Tab' && !event.shiftKey) act(() => this.drawer.open('Leaders'));
  }

  private render(): void {
    const { topics } = this;
    switch (this.drawer.seen) {
      case 'Leaders':
        this.leaders.show(topics.of(this.leaders.topic), topics.isRefused(this.leaders.topic));
        break;
      case 'People': {
        const topic = presenceOf(this.lines.room);
        this.people.show(topics.of(topic) ? this.here : null, {
          own: this.own,
          muted: (row) => muteStateOf(this.mutes, row, this.here),
          looksOn: this.looksOn,
          refused: topics.isRefused(topic),
        });
        break;
      }
      case 'Rooms':
        this.renderRooms(topics.of('rooms'));
        break;
      case 'Notices':
        this.list.show(this.notices, this.outside);
        break;
      default:
        break;
    }
    this.watching.show(this.looksOn, this.here.get(this.watched)?.name ?? '');
  }

  private renderRooms(told: Rooms | null): void {
    if (told) this.rooms.show(told.rows, this.lines.room, this.ports.roomAskedFor());
    else if (this.topics.isRefused('rooms')) void askRooms().then(({ rooms }) => this.rooms.show(rooms, this.lines.room, this.ports.roomAskedFor()), () => {});
  }

  private renderLines(): void {
    this.chat.takeLines(audible(this.lines, this.mutes));
  }

  private look({ line }: Heard): { look: LineLook; label: string } {
    const look = lookOf(line, this.own);
    if (line.to.kind === 'Player') {
      const isOwn = line.who === this.own;
      return { look, label: isOwn ? `to ${this.here.get(line.to.who)?.name ?? 'somebody'}` : `${line.name} whispers` };
    }
    if (look === 'Everyone') return { look, label: `${line.name} to every room` };
    return { look, label: look === 'Operator' ? `${line.name}, operator` : line.name };
  }

  private count(): string {
    const watching = [...this.here.values()].filter(({ spectator }) => spectator).length;
    const playing = this.here.size > 0 ? this.here.size - watching : this.state.players;
    if (playing === 0 && watching === 0) return '';
    return watching > 0 ? `${playing} + ${watching} looking on` : String(playing);
  }

  /** A keyboard on the glass takes away from below what the page is not told of. */
  private makeRoom(): void {
    const view = window.visualViewport;
    if (!view) return;
    const hidden = Math.max(0, window.innerHeight - view.height - view.offsetTop);
    this.root.style.setProperty('--keyboard', `${Math.round(hidden)}px`);
  }
}

function presenceOf(room: string): `room/${string}/presence` {
  return `room/${room}/presence`;
}
