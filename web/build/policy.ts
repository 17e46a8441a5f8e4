/**
 * The headers under which the app must work. The server sets its own, of the same words; these hold for `vite preview`
 * and the tests that look at the build alone.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types svelte-trusted-html chinwag",
].join("; ");

/** What the app may not use, by name. */
const PERMISSIONS = [
  "accelerometer",
  "autoplay",
  "camera",
  "display-capture",
  "encrypted-media",
  "geolocation",
  "gyroscope",
  "hid",
  "idle-detection",
  "local-fonts",
  "magnetometer",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "usb",
  "xr-spatial-tracking",
];

const ALLOWED = ["fullscreen", "microphone"];

export const HEADERS: Record<string, string> = {
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": [...PERMISSIONS.map((name) => `${name}=()`), ...ALLOWED.map((name) => `${name}=(self)`)].join(
    ", ",
  ),
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};
