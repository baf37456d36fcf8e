// A bot that wanders: node wander.mjs ws://127.0.0.1:8080/ws
import WebSocket from 'ws'; // Node 22 and newer have one of their own.

const server = new WebSocket(process.argv[2], ['throng.json.1']);
const say = (message) => server.send(JSON.stringify(message));
let received = 0;
server.onopen = () => say({ type: 'Hello', name: 'Node' });
server.onclose = ({ code, reason }) => console.log(code, reason);
server.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.type === 'Event') received = message.number;
  if (message.type === 'Ping') say({ type: 'Pong', nonce: message.nonce, received });
  if (message.type === 'Tick' || message.type === 'Snapshot') {
    const heading = (Math.floor(message.tick / 16) * 97) % 256;
    say({ type: 'Input', tick: message.tick + 3, ahead: 3, heading, thrust: 15 });
  }
};
