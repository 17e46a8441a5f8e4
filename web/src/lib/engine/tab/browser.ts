/** What the engine needs of the browser, besides its database: so that tests can stand in for it. */
export interface Browser {
  worker: () => Worker;
  /** Run something once what was just set is drawn, or would be if the page were seen. */
  drawn(run: () => void): void;
  /** The page can be seen. */
  visible(): boolean;
  /** The person looks at the page: it is seen, and its window has the focus. */
  looked(): boolean;
  /** Tell when the page is shown or hidden, when the network is said to be back, when the focus comes or goes, and
   * when the page goes. */
  on(what: "visibility" | "online" | "focus" | "blur" | "pagehide", run: () => void): () => void;
  /** Everything that a secure address allows is there. */
  secure: boolean;
  reload(): void;
  /** What the device is called in the list of devices. */
  deviceName(): string;
  /** Ask that the database is kept when room gets scarce. */
  persist(): void;
}

export function thisBrowser(worker: () => Worker, reload: () => void): Browser {
  return {
    worker,
    drawn: (run) => {
      if (document.visibilityState === "hidden") setTimeout(run, 0);
      else
        requestAnimationFrame(() => {
          setTimeout(run, 0);
        });
    },
    visible: () => document.visibilityState === "visible",
    looked: () => document.visibilityState === "visible" && document.hasFocus(),
    on: (what, run) => {
      const target = what === "visibility" ? document : window;
      const name = what === "visibility" ? "visibilitychange" : what;
      target.addEventListener(name, run);
      return () => {
        target.removeEventListener(name, run);
      };
    },
    secure: window.isSecureContext && "locks" in navigator,
    reload,
    deviceName: () => deviceName(navigator.userAgent),
    persist: () => {
      // Missing on an address that is not secure; refused is as good as not asked.
      const storage = navigator.storage as StorageManager | undefined;
      void storage?.persist().catch(() => false);
    },
  };
}

/** "Firefox on Linux", from what a browser says of itself. */
export function deviceName(agent: string): string {
  const browser = /Edg\//.test(agent)
    ? "Edge"
    : /OPR\//.test(agent)
      ? "Opera"
      : /Firefox\/|FxiOS/.test(agent)
        ? "Firefox"
        : /Chrome\/|CriOS/.test(agent)
          ? "Chrome"
          : /Safari\//.test(agent)
            ? "Safari"
            : "Browser";
  const system = /Android/.test(agent)
    ? "Android"
    : /iPhone|iPad/.test(agent)
      ? "iOS"
      : /Mac OS X/.test(agent)
        ? "macOS"
        : /Windows/.test(agent)
          ? "Windows"
          : /CrOS/.test(agent)
            ? "ChromeOS"
            : /Linux/.test(agent)
              ? "Linux"
              : "";
  return system === "" ? browser : `${browser} on ${system}`;
}
