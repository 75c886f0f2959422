import { getEachMessage, sendMessage } from 'execa';
import { messageChild } from '../support/messages.mjs';

const receive = messageChild((message) => void sendMessage(message));
for await (const message of getEachMessage()) receive(message);
