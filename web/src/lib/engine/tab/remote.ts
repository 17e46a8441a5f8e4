/** What screens ask of the server: one function an address. The engine that leads makes the requests. */
import {
  type AccountSettings,
  bareReaction,
  type BeginAnswer,
  type Block,
  type DeviceEntry,
  type GroupAction,
  type GroupCard,
  type GroupSettings,
  type IdentityEntry,
  type KeptEvent,
  type LinkEntry,
  type Me,
  type MediaLink,
  mediaOf,
  type MediaPage,
  type Membership,
  type NewLink,
  type Placed,
  type Preferences,
  type Preferred,
  type PushKinds,
  type PushSubscriptionView,
  randomName,
  type ReactionPage,
  type Receipt,
  type SearchPage,
  type User,
  type MemberPage,
  type WebSubscription,
} from "@chinwag/client";
import type { MediaMessages, Search } from "../api.js";
import { EngineFailure } from "../failure.js";
import type { Ask } from "../messages.js";
import type { Line } from "./line.js";

/** Messages of a page of those that carry something. */
export const MEDIA_PAGE = 50;

export class Remote {
  protected readonly line: Line;

  constructor(line: Line) {
    this.line = line;
  }

  async http<T>(wish: Ask): Promise<T> {
    return (await this.line.ask("http", wish)) as T;
  }

  createGroup(title: string, members: string[], settings?: GroupSettings): Promise<Placed> {
    const body = { title, members, ...(settings === undefined ? {} : { settings }) };
    return this.http({ method: "POST", path: "/v1/conversations", body, key: randomName() });
  }

  members(id: string, wish: { search?: string; after?: string }): Promise<MemberPage> {
    return this.http({ method: "GET", path: `${place(id)}/members?${new URLSearchParams(wish)}` });
  }

  change(id: string, change: GroupAction): Promise<Placed> {
    return this.http({ method: "POST", path: `${place(id)}/changes`, body: { change }, key: randomName() });
  }

  async react(id: string, number: number, reaction: string, on: boolean): Promise<void> {
    const path = `${place(id)}/messages/${number}/reactions/${encodeURIComponent(bareReaction(reaction))}`;
    await this.http({ method: on ? "PUT" : "DELETE", path, key: randomName() });
  }

  async pins(id: string): Promise<KeptEvent[]> {
    return (await this.http<{ messages: KeptEvent[] }>({ method: "GET", path: `${place(id)}/pins` })).messages;
  }

  avatar(id: string, group: boolean, version: string): Promise<Blob> {
    const at = group ? place(id) : `/v1/users/${encodeURIComponent(id)}`;
    return this.line.ask("avatar", { path: `${at}/avatar?v=${encodeURIComponent(version)}` });
  }

  async setAvatar(group: string | null, picture: File | null): Promise<void> {
    const path = `${group === null ? "/v1/me" : place(group)}/avatar`;
    if (picture === null) await this.http({ method: "DELETE", path });
    else {
      const upload = await this.line.ask("upload", { file: picture, name: picture.name });
      await this.http({ method: "PUT", path, body: { upload }, once: true });
    }
  }

  async mediaLink(id: string, number: number, play = false): Promise<MediaLink> {
    const path = `${place(id)}/messages/${number}/media${play ? "/play" : ""}?link=1`;
    return this.http({ method: "GET", path });
  }

  async mediaOf(id: string, before?: number): Promise<MediaMessages> {
    const query = before === undefined ? "" : `&before=${before}`;
    const path = `${place(id)}/media?limit=${MEDIA_PAGE}${query}`;
    const { events, next } = await this.http<MediaPage>({ method: "GET", path });
    const items = events.flatMap((event) => {
      const media = mediaOf(event);
      return media === null ? [] : [{ event, media }];
    });
    return { items, next };
  }

  /** Set all that one wants of a conversation. */
  protected preferAll(id: string, preferences: Preferences): Promise<Preferred> {
    return this.http({ method: "PUT", path: `${place(id)}/preferences`, body: preferences });
  }

  searchAll({ words, conversation, mentions }: Search, before?: string): Promise<SearchPage> {
    const query = new URLSearchParams({
      ...(words === "" ? {} : { q: words }),
      ...(conversation === null ? {} : { conversation }),
      ...(mentions ? { mentions: "me" } : {}),
      ...(before === undefined ? {} : { before }),
    });
    return this.http({ method: "GET", path: `/v1/search?${query.toString()}` });
  }

  async receipts(id: string, number: number): Promise<Receipt[]> {
    const path = `${place(id)}/messages/${number}/receipts`;
    return (await this.http<{ receipts: Receipt[] }>({ method: "GET", path })).receipts;
  }

  reactedBy(id: string, number: number, after = 0): Promise<ReactionPage> {
    const query = new URLSearchParams({ after: String(after), limit: "50" });
    return this.http({ method: "GET", path: `${place(id)}/messages/${number}/reactions?${query.toString()}` });
  }

  groups(search: string, after?: string): Promise<{ items: GroupCard[]; next: string | null }> {
    const query = new URLSearchParams({ search, ...(after === undefined ? {} : { after }) });
    return this.http({ method: "GET", path: `/v1/groups?${query.toString()}` });
  }

  group(id: string): Promise<GroupCard> {
    return this.http({ method: "GET", path: `/v1/groups/${encodeURIComponent(id)}` });
  }

  linkLeadsTo(code: string): Promise<GroupCard> {
    return this.http({ method: "GET", path: `/v1/links/${encodeURIComponent(code)}` });
  }

  joinByLink(code: string): Promise<Membership> {
    // Doing it again takes no second use: the code itself is the key.
    return this.http({ method: "POST", path: `/v1/links/${encodeURIComponent(code)}`, key: randomName() });
  }

  async links(id: string): Promise<LinkEntry[]> {
    return (await this.http<{ items: LinkEntry[] }>({ method: "GET", path: `${place(id)}/links` })).items;
  }

  createLink(id: string, wish: { uses?: number; valid_hours?: number } = {}): Promise<NewLink> {
    return this.http({ method: "POST", path: `${place(id)}/links`, body: wish, once: true });
  }

  async revokeLink(id: string, link: string): Promise<void> {
    await this.http({ method: "DELETE", path: `${place(id)}/links/${encodeURIComponent(link)}` });
  }

  async searchPeople(prefix: string): Promise<User[]> {
    const query = new URLSearchParams({ search: prefix });
    return (await this.http<{ items: User[] }>({ method: "GET", path: `/v1/users?${query.toString()}` })).items;
  }

  async personNamed(name: string): Promise<User | null> {
    const query = new URLSearchParams({ name });
    const page = await this.http<{ items: User[] }>({ method: "GET", path: `/v1/users?${query.toString()}` });
    return page.items[0] ?? null;
  }

  async befriend(account: string): Promise<void> {
    await this.http({ method: "PUT", path: `/v1/friends/${encodeURIComponent(account)}` });
  }

  async unfriend(account: string): Promise<void> {
    await this.http({ method: "DELETE", path: `/v1/friends/${encodeURIComponent(account)}` });
  }

  async block(account: string): Promise<void> {
    await this.http({ method: "PUT", path: `/v1/blocks/${encodeURIComponent(account)}` });
  }

  async unblock(account: string): Promise<void> {
    await this.http({ method: "DELETE", path: `/v1/blocks/${encodeURIComponent(account)}` });
  }

  async blocks(): Promise<Block[]> {
    return (await this.http<{ items: Block[] }>({ method: "GET", path: "/v1/blocks?limit=200" })).items;
  }

  me(): Promise<Me> {
    return this.http({ method: "GET", path: "/v1/me" });
  }

  changeProfile(profile: { display_name?: string; about?: string }): Promise<Me> {
    return this.http({ method: "PATCH", path: "/v1/me", body: profile, once: true });
  }

  async changeSettings(settings: Partial<AccountSettings>): Promise<void> {
    await this.http({ method: "PATCH", path: "/v1/me/settings", body: settings, once: true });
  }

  async changePassword(current: string, next: string, keepOthers: boolean): Promise<void> {
    const body = { current, new: next, keep_others: keepOthers };
    await this.http({ method: "PUT", path: "/v1/me/password", body, once: true });
  }

  async closeAccount(password: string): Promise<void> {
    await this.http({ method: "DELETE", path: "/v1/me", body: { password }, once: true });
  }

  async identities(): Promise<IdentityEntry[]> {
    return (await this.http<{ items: IdentityEntry[] }>({ method: "GET", path: "/v1/me/identities" })).items;
  }

  async setOutToLink(provider: string, binding: string, returnTo: string): Promise<string> {
    const body = { binding, return_to: returnTo };
    return (await this.http<BeginAnswer>({ method: "POST", path: identity(provider), body, once: true })).url;
  }

  async link(provider: string, code: string, secret: string): Promise<void> {
    await this.http({ method: "PUT", path: identity(provider), body: { code, secret }, once: true });
  }

  async unlink(provider: string): Promise<void> {
    await this.http({ method: "DELETE", path: identity(provider) });
  }

  async devices(): Promise<DeviceEntry[]> {
    return (await this.http<{ items: DeviceEntry[] }>({ method: "GET", path: "/v1/devices" })).items;
  }

  async logOutDevice(device: string): Promise<void> {
    await this.http({ method: "DELETE", path: `/v1/devices/${encodeURIComponent(device)}` });
  }

  pushKinds(): Promise<PushKinds> {
    return this.http({ method: "GET", path: "/v1/push" });
  }

  async pushSubscription(): Promise<PushSubscriptionView | null> {
    try {
      return await this.http<PushSubscriptionView>({ method: "GET", path: SUBSCRIPTION });
    } catch (failure) {
      if (failure instanceof EngineFailure && failure.code === "not_found") return null;
      throw failure;
    }
  }

  async subscribePush(subscription: WebSubscription): Promise<void> {
    await this.http({ method: "PUT", path: SUBSCRIPTION, body: { web: subscription } });
  }

  async unsubscribePush(): Promise<void> {
    await this.http({ method: "DELETE", path: SUBSCRIPTION });
  }

  async testPush(): Promise<void> {
    await this.http({ method: "POST", path: "/v1/push/test", once: true });
  }
}

const SUBSCRIPTION = "/v1/push/subscription";

function identity(provider: string): string {
  return `/v1/me/identities/${encodeURIComponent(provider)}`;
}

function place(conversation: string): string {
  return `/v1/conversations/${encodeURIComponent(conversation)}`;
}
