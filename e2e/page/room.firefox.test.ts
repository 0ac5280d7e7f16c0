import { theRoomIn } from './room.js';

theRoomIn('Firefox');
