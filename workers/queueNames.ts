/** What a worker process serves: both task queues unless it is told one. */
export type QueueName = 'general' | 'engine';
export const queueNames: readonly QueueName[] = ['general', 'engine'];
