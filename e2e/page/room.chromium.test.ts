import { theRoomIn } from './room.js';

theRoomIn('Chromium');
