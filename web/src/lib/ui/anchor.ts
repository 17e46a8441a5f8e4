/**
 * Keeps the line that is read where it is, to the pixel, whatever comes above it, below it, or changes its height.
 *
 * The browser's own anchoring is off: it gives way to rows that are added at the very top, and does not know the end to
 * which a chat sticks. The row at the top of the view is remembered with its place whenever the person scrolls; after
 * each change of the page, and whenever a height changes (before that is painted), it is put back there.
 */
export class Anchor {
  /** Whether the view sticks to the end: then what is new shows itself. */
  stuck = true;
  #row: { key: string; top: number } | null = null;
  #placed = -1;
  readonly #log: HTMLElement;
  readonly #atEnd: () => boolean;
  readonly #watch: ResizeObserver;

  /** log: what scrolls; its rows carry `data-key`. atEnd: whether its last row is the newest of all. */
  constructor(log: HTMLElement, inner: HTMLElement, atEnd: () => boolean) {
    this.#log = log;
    this.#atEnd = atEnd;
    this.#watch = new ResizeObserver(() => {
      this.restore();
    });
    this.#watch.observe(log);
    this.#watch.observe(inner);
  }

  stop(): void {
    this.#watch.disconnect();
  }

  /** The person has scrolled: what is read now stays from here on. False if it was this object that scrolled. */
  scrolled(): boolean {
    if (Math.abs(this.#log.scrollTop - this.#placed) < 1) return false;
    this.remember();
    return true;
  }

  /** Take what is in view now for what is read. */
  remember(): void {
    const log = this.#log;
    this.#placed = -1;
    this.stuck = this.#atEnd() && log.scrollHeight - log.scrollTop - log.clientHeight < 8;
    const row = this.first();
    this.#row = row === null ? null : { key: row.dataset["key"] ?? "", top: this.#topOf(row) };
  }

  /** Hold one row where it is, while something in it or around it changes. */
  hold(row: HTMLElement): void {
    this.stuck = false;
    this.#row = { key: row.dataset["key"] ?? "", top: this.#topOf(row) };
  }

  /** Put what is read back where it was. */
  restore(): void {
    const log = this.#log;
    if (this.stuck) {
      log.scrollTop = log.scrollHeight;
    } else if (this.#row !== null) {
      const row = this.find(this.#row.key);
      if (row === null) {
        this.remember();
        return;
      }
      const moved = this.#topOf(row) - this.#row.top;
      if (Math.abs(moved) >= 0.5) log.scrollTop += moved;
    }
    this.#placed = log.scrollTop;
  }

  /** The key of the row that is read, and where it begins; null at the end. Nothing is measured for it. */
  where(): { key: string; top: number } | null {
    return this.stuck ? null : this.#row;
  }

  /** Show a row a third of the way down, or so many pixels, and read from there. */
  show(row: HTMLElement, top: number | null = null): void {
    this.stuck = false;
    const log = this.#log;
    log.scrollTop += this.#topOf(row) - (top ?? log.clientHeight / 3);
    this.remember();
    this.#placed = log.scrollTop;
  }

  /** Go to the end, and stay there. */
  end(): void {
    this.stuck = true;
    this.restore();
  }

  /** The first row that begins in view; else the one that fills it. */
  first(): HTMLElement | null {
    const rows = this.rows();
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = rows[middle] as HTMLElement;
      if (this.#topOf(row) < 0) low = middle + 1;
      else high = middle;
    }
    const begins = rows[low];
    if (begins !== undefined && this.#topOf(begins) < this.#log.clientHeight) return begins;
    return rows[low - 1] ?? begins ?? null;
  }

  rows(): HTMLElement[] {
    return [...this.#log.querySelectorAll<HTMLElement>("[data-key]")];
  }

  find(key: string): HTMLElement | null {
    return this.#log.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  }

  /** The rows of which at least `part` lies in view, or that fill it. */
  inView(part = 0.6): HTMLElement[] {
    const height = this.#log.clientHeight;
    return this.rows().filter((row) => {
      const top = this.#topOf(row);
      const seen = Math.min(top + row.offsetHeight, height) - Math.max(top, 0);
      return seen > 0 && (seen >= row.offsetHeight * part || seen >= height * part);
    });
  }

  #topOf(row: HTMLElement): number {
    return row.getBoundingClientRect().top - this.#log.getBoundingClientRect().top;
  }
}
