/** Media, for the engine that leads: what moves it is fetched when there is something to move. */
import type { OutboxRecord } from "../store/records.js";
import type { Carriage } from "./carriage.js";
import type { MediaParts } from "./media-parts.js";
import type { Carrier, Outflow } from "./outflow.js";

export class LeaderMedia implements Carrier {
  private readonly parts: MediaParts;
  private outflow: Outflow | null = null;
  private carriage: Promise<Carriage> | null = null;
  private over = false;

  constructor(parts: MediaParts) {
    this.parts = parts;
  }

  through(outflow: Outflow): void {
    this.outflow = outflow;
  }

  take(line: OutboxRecord): void {
    this.moving().then(
      (carriage) => {
        carriage.take(line);
      },
      (error: unknown) => {
        this.parts.failed(error);
      },
    );
  }

  /** Whoever moves it. Fails if that cannot be fetched: the app is kept whole, so a newer one is here. */
  async moving(): Promise<Carriage> {
    const { outflow } = this;
    if (outflow === null) throw new Error("nothing goes out yet");
    this.carriage ??= import("./carriage.js").then(({ Carriage: Made }) => new Made(this.parts, outflow));
    const carriage = await this.carriage.catch((error: unknown) => {
      this.carriage = null;
      throw error;
    });
    if (this.over) carriage.close();
    return carriage;
  }

  /** Tell it something, if anything has been moved. */
  tell(what: "nudge" | "tellAll"): void {
    void this.carriage?.then((carriage) => {
      carriage[what]();
    });
  }

  close(): void {
    this.over = true;
    void this.carriage?.then((carriage) => {
      carriage.close();
    });
  }
}
