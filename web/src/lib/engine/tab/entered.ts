/** Who is logged in, in this page: the door, and what follows when it changes here or in another tab. */
import { type Asked, LoggedOut, type Me, type Range, type ServerInfo } from "@chinwag/client";
import { failed, orFailure } from "../failure.js";
import { AccountDatabase, isOfNewer, LetGo, wipe } from "../store/database.js";
import { lines } from "../store/personal.js";
import { currentSession, endSession, keepSession, lastSession, type SessionRecord } from "../store/session.js";
import { Account } from "./account.js";
import type { Browser } from "./browser.js";
import type { Line } from "./line.js";
import { Shown } from "./shown.js";

export class Entered extends Shown {
  protected readonly browser: Browser;
  private why: string | null = null;
  private looking: Promise<void> = Promise.resolve();

  constructor(line: Line, browser: Browser) {
    super(line);
    this.browser = browser;
  }

  async server(): Promise<ServerInfo> {
    return (await this.line.door({ act: "server" })) as ServerInfo;
  }

  async signUp(wish: { name: string; password: string; display_name?: string; invitation?: string }): Promise<void> {
    await this.line.door({ act: "signUp", ...wish, device: this.browser.deviceName() });
    await this.began();
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.line.door({ act: "logIn", name, password, device: this.browser.deviceName() });
    await this.began();
  }

  async setOut(provider: string, binding: string, returnTo: string): Promise<string> {
    return (await this.line.door({ act: "begin", provider, binding, return_to: returnTo })) as string;
  }

  async logInByProvider(code: string, secret: string, invitation = ""): Promise<void> {
    await this.line.door({ act: "logInByProvider", code, secret, invitation, device: this.browser.deviceName() });
    await this.began();
  }

  unsent(): Promise<{ account: string; name: string; count: number } | null> {
    return orFailure(async () => {
      const last = await lastSession();
      if (last === null) return null;
      const { id, name } = last.me;
      const own = this.account?.me === id ? this.account.database : null;
      const database = own ?? this.other(id);
      try {
        const count = (await lines(database)).length;
        return count === 0 ? null : { account: id, name, count };
      } finally {
        if (own === null) database.close();
      }
    });
  }

  async logOut(): Promise<string | null> {
    const answer = await this.line.ask("logOut", null);
    await this.leave();
    return answer?.end_session ?? null;
  }

  override async closeAccount(password: string): Promise<void> {
    await super.closeAccount(password);
    await this.leave();
  }

  override async setAvatar(group: string | null, picture: File | null): Promise<void> {
    await super.setAvatar(group, picture);
    if (group !== null) return;
    const me = await this.http<Me>({ method: "GET", path: "/v1/me" });
    await this.isNow(me);
  }

  goOn(): void {
    this.drop();
    void this.look();
  }

  override async changeProfile(profile: { display_name?: string; about?: string }): Promise<Me> {
    const me = await super.changeProfile(profile);
    await this.isNow(me);
    return me;
  }

  // Inside

  /** One's own account is another now: for all tabs. */
  private async isNow(me: Me): Promise<void> {
    await orFailure(async () => {
      const session = await currentSession();
      if (session?.me.id === me.id) await keepSession({ ...session, me });
    });
    this.line.sessionChanged();
    await this.look();
  }

  protected here(): Account {
    if (this.account === null) throw failed(new LoggedOut("unauthenticated"));
    return this.account;
  }

  private other(account: string): AccountDatabase {
    return new AccountDatabase(account, { slow: () => undefined, outdated: () => undefined });
  }

  private async began(): Promise<void> {
    this.why = null;
    this.drop();
    this.browser.persist();
    await this.look();
  }

  /** End it here: nothing of the account is left in the browser. */
  private async leave(): Promise<void> {
    const account = this.here();
    await orFailure(() => endSession(account.device, true));
    this.line.sessionChanged();
    this.drop();
    await orFailure(() => wipe(account.me));
    await this.look();
  }

  private drop(): void {
    this.account?.close();
    this.account = null;
    this.persons.forget();
    this.follow();
  }

  /** Look who is logged in, and show that. One look after the other. */
  protected look(): Promise<void> {
    this.looking = this.looking.then(async () => {
      try {
        await this.lookNow(await currentSession());
      } catch (error) {
        // Somebody logged in or out meanwhile: who, the look after this one sees.
        if (error instanceof LetGo) return;
        if (isOfNewer(error)) this.outdated();
        else this.trouble("storage_failed", true);
      }
    });
    return this.looking;
  }

  private async lookNow(session: SessionRecord | null): Promise<void> {
    const { account } = this;
    if (session === null) {
      const last = await lastSession();
      this.drop();
      // Why it ended matters to one who may come back; of an account that is wholly gone nothing is said.
      this.session.set({ state: "out", why: last === null ? null : this.why, name: last?.me.name ?? null });
      return;
    }
    const { me, device } = session;
    if (account !== null && account.me !== me.id) {
      // Its own lines stay; which account to go on with the person says.
      this.session.set({ state: "other", me, unsent: (await lines(account.database)).length });
      return;
    }
    if (account?.device === device) {
      this.session.set({ state: "in", me, device });
      return;
    }
    this.drop();
    const database = new AccountDatabase(me.id, {
      slow: (is) => {
        this.trouble("storage_slow", is);
      },
      outdated: () => {
        this.outdated();
      },
    });
    const fetch = async (conversation: string, asked: Asked): Promise<Range> => {
      return (await this.line.ask("page", { conversation, asked })).range;
    };
    const next = new Account(database, me.id, device, fetch);
    this.account = next;
    await next.load();
    this.follow();
    this.session.set({ state: "in", me, device });
    this.show();
    this.line.say({ type: "who" });
  }

  /** The leader said that it is over, and why. */
  protected out(code: string): void {
    this.why = code;
    void this.look();
  }

  protected outdated(): void {
    // The text in the composer is the screens' own, and stays; nothing more is kept or shown here until a reload.
    this.line.work({ type: "stop" });
    this.trouble("outdated", true);
  }
}
