/** A change of workflow code as nobody should make it: an activity more before each update of a round, without a patch. */
import { scheduleActivity, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      async scheduleActivity(input, next) {
        if (input.activityType === 'updatePolicy')
          await scheduleActivity('selectGroups', [], { startToCloseTimeout: '1 minute' });
        return next(input);
      },
    },
  ],
});
