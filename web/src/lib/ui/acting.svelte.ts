/** Something that a form or a button has asked of the server: whether it is on its way, and why it was refused. */
import { reason } from "./app.js";

export class Acting {
  busy = $state(false);
  /** The refusal, in words; empty if there is none. */
  wrong = $state("");

  /** Do it. Returns whether it was done. */
  async run(work: () => Promise<unknown>, values: { name?: string } = {}): Promise<boolean> {
    this.busy = true;
    this.wrong = "";
    try {
      await work();
      return true;
    } catch (failure) {
      this.wrong = reason(failure, values);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
