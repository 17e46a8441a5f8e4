// A provider that nobody here wrote, with one client, and people who log in with any password.
//
//   node server.js REDIRECT_URI LOGOUT_URI RETURN_URI
//
// It writes its issuer as the first line, and takes commands as lines of JSON on its standard input:
// {"groups": {"ann": ["team"]}} says whose groups are which, {"lock": "ann"} lets somebody in no more and says so to the client,
// unless it is told {"lock": "ann", "quietly": true}.
import http from 'node:http';
import readline from 'node:readline';

import { Provider } from 'oidc-provider';

const [redirectUri, logoutUri, returnUri] = process.argv.slice(2);
const locked = new Set();
const sessions = new Map();
let groups = {};

const server = http.createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'chinwag',
      client_secret: 'a secret of the client',
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [returnUri],
      grant_types: ['authorization_code', 'refresh_token'],
      backchannel_logout_uri: logoutUri,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ['sub'], email: ['email'], profile: ['name', 'preferred_username', 'groups'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  cookies: { keys: ['a key of cookies'] },
  rotateRefreshToken: true,
  // it would not ask a server on this machine by itself
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
  findAccount: (ctx, id) =>
    locked.has(id)
      ? undefined
      : {
          accountId: id,
          claims: () => ({
            sub: id,
            name: `${id} of the company`,
            preferred_username: id,
            email: `${id}@example.org`,
            groups: groups[id] ?? [],
          }),
        },
  // what the client asks for is given without a question
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email offline_access');
    await grant.save();
    return grant;
  },
});
provider.on('authorization.success', (ctx) => {
  sessions.set(ctx.oidc.session.accountId, ctx.oidc.session.sidFor('chinwag'));
});
server.on('request', provider.callback());

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line);
  groups = command.groups ?? groups;
  if (command.lock) {
    locked.add(command.lock);
    if (!command.quietly) {
      const client = await provider.Client.find('chinwag');
      await client.backchannelLogout(command.lock, sessions.get(command.lock));
    }
  }
  console.log(JSON.stringify({ done: command }));
});
process.stdin.on('end', () => process.exit(0));
console.log(JSON.stringify({ issuer }));
